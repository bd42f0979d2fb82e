/** What can be wrong with the requests about snapshots. Rows with OK say what the driver takes or ignores. */
import type { CsiMethodPath } from "../../../src/gen/csi-fields.ts";
import {
  any,
  bad,
  empty,
  free,
  goneSnapshot,
  knownSnapshot,
  knownSource,
  noControls,
  strange,
  strangeSnapshot,
  unknown,
} from "./common-rows.ts";
import { missing, type Row } from "./row.ts";

/** Keys that only look like the snapshotter's own. */
const notItsOwn = ["Csi.storage.k8s.io/volumesnapshot/name", "csi.storage.k8s.io", "snapshotter-secret-name"];
const token = "must be a next_token of this driver";
/** What is not there is not listed, whatever it is called. */
const filter = (field: string): readonly Row[] => [
  [field, missing, "OK"],
  [field, strange, "OK"],
  [field, strangeSnapshot, "OK"],
  [field, "../../etc/passwd", "OK"],
  [field, "a\u0000b", "OK"],
];

export const snapshotRows: Partial<Record<CsiMethodPath, readonly Row[]>> = {
  "/csi.v1.Controller/CreateSnapshot": [
    ...knownSource,
    ["source_volume_id", strangeSnapshot, unknown, /there is no volume with that source_volume_id; got /],
    // The name is taken.
    ["source_volume_id", strange, "ALREADY_EXISTS", /cannot take the snapshot: .*exists of v1-.*; got "v1-0+"$/],
    ["name", missing, bad, empty, ""],
    ["name", "a\u0000b", bad, noControls],
    ["name", "a\u009fb", bad, noControls],
    ...free("secrets"),
    ["parameters", missing, "OK"],
    ["parameters", { "csi.storage.k8s.io/volumesnapshot/name": "nightly" }, "OK"],
    ["parameters", any, bad, /parameters\.any is no parameter .*VolumeSnapshotClass has none; got "thing"$/],
    ...notItsOwn.map((key): Row => [
      "parameters",
      { [key]: "x" },
      bad,
      new RegExp(`parameters\\.${key} is no parameter .*; got "x"$`),
    ]),
  ],
  "/csi.v1.Controller/DeleteSnapshot": [...goneSnapshot, ["snapshot_id", strange, "OK"], ...free("secrets")],
  "/csi.v1.Controller/GetSnapshot": [
    ...knownSnapshot,
    ["snapshot_id", strangeSnapshot, unknown, /there is no snapshot with that snapshot_id; got "[^"]+"$/],
    ...free("secrets"),
  ],
  "/csi.v1.Controller/ListSnapshots": [
    ["max_entries", missing, "OK"],
    ["max_entries", -1, bad, "must not be negative"],
    ["starting_token", missing, "OK"],
    ["starting_token", "page-2", "ABORTED", token],
    ["starting_token", "../x\n", "ABORTED", token],
    ["starting_token", strange.replace("memory/", ""), "ABORTED", token],
    ["starting_token", strangeSnapshot, "ABORTED", token],
    ...filter("source_volume_id"),
    ...filter("snapshot_id"),
    ...free("secrets"),
  ],
};
