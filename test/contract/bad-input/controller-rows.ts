/** What can be wrong with the requests of CSI Controller. Rows with OK say what the driver takes or ignores. */
import type { CsiMethodPath } from "../../../src/gen/csi-fields.ts";
import { capabilityRows } from "./capability-rows.ts";
import { missing, type Row } from "./row.ts";
import { strange } from "./world.ts";

const bad = "INVALID_ARGUMENT";
const unknown = "NOT_FOUND";
const empty = "must not be empty";
const noControls = "must not contain control characters";
const noVolume = /there is no volume with that volume_id; got "[^"]+"$/;
const noSource = /volume_content_source must not be set: .*; got \{.*\}$/;
const fixed = "must be empty: no parameter is mutable";
const otherBackend = /parameters\.backend must be memory, .*; got "nvmet"$/;
const MiB = 1024 ** 2;
const largest = 64 * 1024 ** 4;
const any = { any: "thing" };
const list = "volume_capabilities";

/** A volume_id of a volume that must be there. */
const known: readonly Row[] = [
  ["volume_id", missing, bad, empty, ""],
  ["volume_id", "a\u0000b", bad, noControls],
  ["volume_id", strange, unknown, noVolume],
  ["volume_id", "../../etc/passwd", unknown, noVolume],
  ["volume_id", strange.replace("memory", "nvmet"), unknown, noVolume],
];
/** A volume_id of which nothing may be left: no such volume is success. */
const gone: readonly Row[] = [
  ["volume_id", missing, bad, empty, ""],
  ["volume_id", "a\u0085b", bad, noControls],
  ["volume_id", "../../etc/passwd", "OK"],
];
const free = (field: string): readonly Row[] => [
  [field, missing, "OK"],
  [field, any, "OK"],
];
const parameters: readonly Row[] = [
  ["parameters", missing, "OK"],
  ["parameters", { backend: "nvmet" }, bad, otherBackend],
  ["parameters", { Backend: "memory" }, bad, /parameters\.Backend is no parameter .*knows backend, .*; got "memory"$/],
  ["parameters", { "a\nb": "c" }, bad, /parameters\."a\\nb" is no parameter .*; got "c"$/],
];
const range = "capacity_range";
const capacity: readonly Row[] = [
  [range, missing, "OK"],
  [`${range}.required_bytes`, missing, "OK"],
  [`${range}.required_bytes`, -1, bad, /capacity_range\.required_bytes must not be negative; got "?-1"?$/],
  [
    `${range}.required_bytes`,
    largest + 1,
    "OUT_OF_RANGE",
    /capacity_range\.required_bytes must .*; got .*70368744177665/,
  ],
  [`${range}.limit_bytes`, missing, "OK"],
  [`${range}.limit_bytes`, -1, bad, /capacity_range\.limit_bytes must not be negative; got "?-1"?$/],
  [`${range}.limit_bytes`, 319 * MiB, "OUT_OF_RANGE", /capacity_range\.limit_bytes must .*; got .*334495744/],
  [
    range,
    { required_bytes: 2, limit_bytes: 1 },
    bad,
    /capacity_range\.required_bytes must not exceed limit_bytes; got /,
  ],
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
const topology = "accessibility_requirements";

export const controllerRows: Partial<Record<CsiMethodPath, readonly Row[]>> = {
  "/csi.v1.Controller/CreateVolume": [
    ["name", missing, bad, empty, ""],
    ["name", "a\u0000b", bad, noControls],
    ["name", "a\u009fb", bad, noControls],
    ...capacity,
    [list, missing, bad, "must name at least one capability", []],
    ...capabilityRows(`${list}.0`),
    ...parameters,
    ...free("secrets"),
    [`${source}.snapshot.snapshot_id`, missing, "OK"],
    [`${source}.snapshot.snapshot_id`, "s", bad, noSource],
    [`${source}.volume.volume_id`, missing, "OK"],
    [`${source}.volume.volume_id`, strange, bad, noSource],
    [source, {}, bad, noSource],
    ...free(`${topology}.requisite.0.segments`),
    ...free(`${topology}.preferred.0.segments`),
    ["mutable_parameters", missing, "OK"],
    ["mutable_parameters", any, bad, fixed],
  ],
  "/csi.v1.Controller/DeleteVolume": [...gone, ...free("secrets")],
  "/csi.v1.Controller/ControllerPublishVolume": [
    ...known,
    ["node_id", missing, bad, empty, ""],
    ["node_id", "v1.node\n", bad, noControls],
    ["node_id", "node-1", unknown, "must be one that this driver's NodeGetInfo gave out"],
    ["volume_capability", missing, bad, "must be set", null],
    ...capabilityRows("volume_capability"),
    ["readonly", missing, "OK"],
    ["readonly", true, bad, "must be false: PUBLISH_READONLY is not advertised"],
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
    ...parameters,
    ...free("accessible_topology.segments"),
  ],
  "/csi.v1.Controller/ControllerGetVolume": known,
};
