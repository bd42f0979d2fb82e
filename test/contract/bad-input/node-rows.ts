/** What can be wrong with the requests of CSI Node. Rows with OK say what the driver takes or ignores. */
import type { CsiMethodPath } from "../../../src/gen/csi-fields.ts";
import { capabilityRows } from "./capability-rows.ts";
import { bad, empty, free, gone, known, noControls, strange, unknown } from "./common-rows.ts";
import { malformedPath, pathRows as path } from "./path-rows.ts";
import { missing, type Row } from "./row.ts";

const writtenThere = /readonly must be false: it is published there read-write already; got true$/;
const wrongState = "FAILED_PRECONDITION";
const noCapability: Row = ["volume_capability", missing, bad, "must be set", null];
const context: readonly Row[] = [
  ["publish_context", missing, bad, /publish_context\.schema must be 1, .*; got "nothing"$/],
  ["publish_context.schema", "2", bad, /publish_context\.schema must be 1, .*; got "2"$/],
  ["publish_context.epoch", missing, bad, "must be set", "nothing"],
  ["publish_context.epoch", "one", bad, "must be a decimal number"],
  ["publish_context.epoch", "0", bad, "must be a number from 1 on that a double holds exactly"],
  ["publish_context.epoch", "9".repeat(20), bad, "must be a number from 1 on that a double holds exactly"],
  ["publish_context.portals", missing, bad, "must be set", "nothing"],
  ["publish_context.portals", "storage:4420", bad, "must be address:port,…"],
  ["publish_context.portals", "127.0.0.1:4420,hostnqn=x", bad, "must be address:port,…"],
  ["publish_context.size", "1", bad, "must lie between 335544320 and 70368744177664"],
  ["publish_context.size", "-1", bad, "must be a decimal number"],
  ["publish_context.blankSizes", "1,x", bad, /publish_context\.blankSizes must .*; got "1,x"$/],
  ["publish_context.access", "write", bad, "must be read-write or read-only"],
  ["publish_context.sharing", "all", bad, "must be readers or writers"],
  ["publish_context.sharing", "writers", wrongState, /what several nodes may write is raw block; got "filesystem"$/],
  ["publish_context.content", "erased", bad, "must be blank or present"],
];

export const nodeRows: Partial<Record<CsiMethodPath, readonly Row[]>> = {
  "/csi.v1.Node/NodeStageVolume": [
    ...known,
    ...context,
    ...path("staging_target_path"),
    ["staging_target_path", "/proc/none", wrongState, /it is staged at \/.* already; got "\/proc\/none"$/],
    noCapability,
    ...capabilityRows("volume_capability"),
    [
      "volume_capability",
      { block: {}, access_mode: { mode: "SINGLE_NODE_WRITER" } },
      "ALREADY_EXISTS",
      /filesystem.*; got "block"$/,
    ],
    ["volume_capability.mount.fs_type", "xfs", "ALREADY_EXISTS", /is staged as ext4 already; got "xfs"$/],
    ...free("secrets"),
    ["volume_context", missing, "OK"],
    ["volume_context", { "storage.kubernetes.io/any": "thing" }, "OK"],
    [
      "volume_context",
      { any: "thing" },
      bad,
      /volume_context\.any is no key that this driver writes; .*; got "thing"$/,
    ],
  ],
  "/csi.v1.Node/NodeUnstageVolume": [...gone, ...path("staging_target_path")],
  "/csi.v1.Node/NodePublishVolume": [
    ...known,
    ["volume_id", strange, wrongState, /must be staged at staging_target_path .*; got "\/.*"$/],
    ...free("publish_context"),
    ["staging_target_path", missing, wrongState, "must be where NodeStageVolume has staged the volume", ""],
    ...malformedPath("staging_target_path"),
    ["staging_target_path", "/elsewhere", wrongState, /must be staged at staging_target_path .*; got "\/elsewhere"$/],
    ...path("target_path"),
    noCapability,
    ...capabilityRows("volume_capability", bad, ["ALREADY_EXISTS", writtenThere]),
    [
      "volume_capability",
      { block: {}, access_mode: { mode: "SINGLE_NODE_WRITER" } },
      wrongState,
      /staging_target_path as block first; got /,
    ],
    ["volume_capability.mount.fs_type", "xfs", wrongState, /staged as ext4.*; got "xfs"$/],
    ["readonly", missing, "OK"],
    ["readonly", true, "ALREADY_EXISTS", writtenThere],
    ...free("secrets"),
    ...free("volume_context"),
  ],
  "/csi.v1.Node/NodeUnpublishVolume": [...gone, ...path("target_path")],
  "/csi.v1.Node/NodeGetVolumeStats": [
    ...known,
    ["volume_id", strange, unknown, /volume_path must be where the volume is staged or published; got "\/.*"$/],
    ["volume_path", missing, bad, empty, ""],
    ["volume_path", "/a\nb", bad, noControls],
    ["volume_path", "relative/path", unknown, "must be where the volume is staged or published"],
    ["volume_path", "/a/../b", unknown, "must be where the volume is staged or published"],
    ["staging_target_path", missing, "OK"],
    ...malformedPath("staging_target_path"),
  ],
};
