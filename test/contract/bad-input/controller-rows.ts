/** What can be wrong with the requests of CSI Controller. Rows with OK say what the driver takes or ignores. */
import type { CsiMethodPath } from "../../../src/gen/csi-fields.ts";
import { amongWriters, capabilityRows } from "./capability-rows.ts";
import {
  any,
  bad,
  empty,
  free,
  gone,
  known,
  MiB,
  noControls,
  range,
  rangeRows,
  strange,
  strangeSnapshot,
  unknown,
} from "./common-rows.ts";
import { growthRows } from "./growth-rows.ts";
import { missing, type Row } from "./row.ts";
import { snapshotRows } from "./snapshot-rows.ts";

const fixed = "must be empty: no parameter is mutable";
const otherBackend = /parameters\.backend must be memory, .*; got "nvmet"$/;
const list = "volume_capabilities";
const noWriters = /parameters\.multiWriter must be block, .*; got "nothing"$/;
const otherAccess = /it is published to this node read-write already; got "read-only among readers"$/;
const otherSharing = /it is published to this node read-write already; got "read-write among writers"$/;
const noVolume: Row = ["volume_id", strange, unknown, /there is no volume with that volume_id; got "[^"]+"$/];

const parameters: readonly Row[] = [
  ["parameters", missing, "OK"],
  ["parameters", { backend: "nvmet" }, bad, otherBackend],
  ["parameters", { Backend: "memory" }, bad, /parameters\.Backend is no parameter .*knows backend, .*; got "memory"$/],
  ["parameters", { pool: "-fast" }, bad, /parameters\.pool must be 1 to 63 of a-z, .*; got "-fast"$/],
  ["parameters", { multiWriter: "filesystem" }, bad, /parameters\.multiWriter must be block; got "filesystem"$/],
  ["parameters", { "a\nb": "c" }, bad, /parameters\."a\\nb" is no parameter .*; got "c"$/],
];
const capacity: readonly Row[] = [
  [range, missing, "OK"],
  ...rangeRows,
  [
    range,
    { required_bytes: 321 * MiB, limit_bytes: 323 * MiB },
    "OUT_OF_RANGE",
    /capacity_range\.limit_bytes must .*; got /,
  ],
  [
    range,
    { required_bytes: 2048 * MiB },
    "ALREADY_EXISTS",
    /exists with 1073741824 bytes, outside capacity_range; got /,
  ],
];
const source = "volume_content_source";
const [ofSnapshot, ofVolume] = [`${source}.snapshot.snapshot_id`, `${source}.volume.volume_id`];
/** For a volume that is there, and no copy. */
const content: readonly Row[] = [
  [source, missing, "OK"],
  [source, {}, bad, "must have snapshot or volume set"],
  [
    source,
    { snapshot: { snapshot_id: strangeSnapshot }, volume: { volume_id: strange } },
    bad,
    /volume_content_source must have snapshot or volume set; got \{.*\}$/,
  ],
  [ofSnapshot, missing, "OK"],
  [ofSnapshot, "", bad, empty],
  [ofSnapshot, "a\u0000b", bad, noControls],
  [ofSnapshot, "s", unknown, /there is no snapshot with that snapshot_id; got "s"$/],
  [ofSnapshot, strange, unknown, /there is no snapshot with that snapshot_id; got "memory\/v1-0+"$/],
  [ofSnapshot, strangeSnapshot, "ALREADY_EXISTS", /exists as a copy of nothing; got .*"s1-0+".*$/],
  [ofVolume, missing, "OK"],
  [ofVolume, "", bad, empty],
  [ofVolume, "a\u0000b", bad, noControls],
  [ofVolume, "../../etc/passwd", unknown, /there is no volume with that volume_id; got "\.\.\/\.\.\/etc\/passwd"$/],
  [ofVolume, strangeSnapshot, unknown, /there is no volume with that volume_id; got "memory\/s1-0+"$/],
  [ofVolume, strange, "ALREADY_EXISTS", /exists as a copy of nothing; got .*"v1-0+".*$/],
];
const topology = "accessibility_requirements";

export const controllerRows: Partial<Record<CsiMethodPath, readonly Row[]>> = {
  ...growthRows,
  ...snapshotRows,
  "/csi.v1.Controller/CreateVolume": [
    ["name", missing, bad, empty, ""],
    ["name", "a\u0000b", bad, noControls],
    ["name", "a\u009fb", bad, noControls],
    ...capacity,
    [list, missing, bad, "must name at least one capability", []],
    ...capabilityRows(`${list}.0`),
    [`${list}.0`, amongWriters, bad, noWriters],
    ...parameters,
    ["parameters", { multiWriter: "block" }, "ALREADY_EXISTS", /exists for one writer; got "block"$/],
    ...free("secrets"),
    ...content,
    ...free(`${topology}.requisite.0.segments`),
    ...free(`${topology}.preferred.0.segments`),
    ["mutable_parameters", missing, "OK"],
    ["mutable_parameters", any, bad, fixed],
  ],
  "/csi.v1.Controller/DeleteVolume": [...gone, ...free("secrets")],
  "/csi.v1.Controller/ControllerPublishVolume": [
    ...known,
    noVolume,
    ["node_id", missing, bad, empty, ""],
    ["node_id", "v1.node\n", bad, noControls],
    ["node_id", "node-1", unknown, "must be one that this driver's NodeGetInfo gave out"],
    ["volume_capability", missing, bad, "must be set", null],
    ...capabilityRows("volume_capability", bad, ["ALREADY_EXISTS", otherAccess]),
    ["volume_capability", amongWriters, "ALREADY_EXISTS", otherSharing],
    ["readonly", missing, "OK"],
    ["readonly", true, "ALREADY_EXISTS", /it is published to this node read-write already; got "read-only"$/],
    ...free("secrets"),
    ...free("volume_context"),
  ],
  "/csi.v1.Controller/ControllerUnpublishVolume": [
    ...gone,
    ["node_id", missing, "OK"],
    ["node_id", "node-1", "OK"],
    ...free("secrets"),
  ],
  "/csi.v1.Controller/ValidateVolumeCapabilities": [
    ...known,
    noVolume,
    ["volume_context", missing, "OK"],
    ["volume_context", { "storage.kubernetes.io/any": "thing" }, "OK"],
    ["volume_context", any, "unconfirmed", /volume_context\.any is no key that this driver writes; .*; got "thing"$/],
    [
      "volume_context",
      { "xfs.maxInodePercent": "0" },
      "unconfirmed",
      /volume_context\.xfs\.maxInodePercent must be .*; got "0"$/,
    ],
    [list, missing, bad, empty, []],
    ...capabilityRows(`${list}.0`, "unconfirmed"),
    [`${list}.0`, amongWriters, "unconfirmed", noWriters],
    ["parameters", { multiWriter: "block" }, "unconfirmed", noWriters],
    ...parameters.map((row): Row => (row[2] === "OK" ? row : [row[0], row[1], "unconfirmed", row[3]])),
    ...free("secrets"),
    ["mutable_parameters", missing, "OK"],
    ["mutable_parameters", any, "unconfirmed", fixed],
  ],
  "/csi.v1.Controller/ListVolumes": [
    ["max_entries", missing, "OK"],
    ["max_entries", -1, bad, "must not be negative"],
    ["starting_token", missing, "OK"],
    ["starting_token", "page-2", "ABORTED", "must be a next_token of this driver"],
    ["starting_token", "../x\n", "ABORTED", "must be a next_token of this driver"],
  ],
  "/csi.v1.Controller/GetCapacity": [
    [list, missing, "OK"],
    ...capabilityRows(`${list}.0`, "no capacity"),
    [`${list}.0`, amongWriters, "no capacity"],
    ...parameters,
    ...free("accessible_topology.segments"),
  ],
  "/csi.v1.Controller/ControllerGetVolume": [...known, noVolume],
};
