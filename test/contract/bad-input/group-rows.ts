/** What can be wrong with the requests about groups of snapshots. Rows with OK say what the driver takes or ignores. */
import type { CsiMethodPath } from "../../../src/gen/csi-fields.ts";
import { any, bad, empty, free, noControls, strange, strangeGroup, strangeSnapshot, unknown } from "./common-rows.ts";
import { missing, type Row } from "./row.ts";

const noSource = /there is no volume with that (?:id in )?source_volume_ids; got "[^"]+"$/;
const noGroup = /there is no group with that group_snapshot_id; got "[^"]+"$/;
const mismatch = /snapshot_ids must be s1-[0-9a-f]+; got \["[^"]+"\]$/;

export const groupRows: Partial<Record<CsiMethodPath, readonly Row[]>> = {
  "/csi.v1.GroupController/CreateVolumeGroupSnapshot": [
    ["name", missing, bad, empty, ""],
    ["name", "a\u0000b", bad, noControls],
    ["source_volume_ids", missing, bad, empty, []],
    ["source_volume_ids.0", "", bad, empty],
    ["source_volume_ids.0", "a\u0000b", bad, noControls],
    ["source_volume_ids.0", "../../etc/passwd", unknown, noSource],
    ["source_volume_ids.0", strangeSnapshot, unknown, noSource],
    // The name is taken.
    ["source_volume_ids.0", strange, "ALREADY_EXISTS", /take the group of snapshots: it exists of v1-/],
    ["source_volume_ids", [strange, strange], bad, "must not name a volume twice"],
    ...free("secrets"),
    ["parameters", missing, "OK"],
    ["parameters", { "csi.storage.k8s.io/volumegroupsnapshot/name": "nightly" }, "OK"],
    ["parameters", any, bad, /parameters\.any is no parameter .*VolumeGroupSnapshotClass has none; got "thing"$/],
  ],
  "/csi.v1.GroupController/DeleteVolumeGroupSnapshot": [
    ["group_snapshot_id", missing, bad, empty, ""],
    ["group_snapshot_id", "a\u0000b", bad, noControls],
    ["group_snapshot_id", "../../etc/passwd", "OK"],
    ["group_snapshot_id", strangeGroup, "OK"],
    ["snapshot_ids", missing, "OK"],
    // Of a group that is not there.
    ["snapshot_ids.0", strangeSnapshot, "OK"],
    ["snapshot_ids.0", "", bad, empty],
    ...free("secrets"),
  ],
  "/csi.v1.GroupController/GetVolumeGroupSnapshot": [
    ["group_snapshot_id", missing, bad, empty, ""],
    ["group_snapshot_id", "../../etc/passwd", unknown, noGroup],
    ["group_snapshot_id", strangeGroup, unknown, noGroup],
    ["group_snapshot_id", strangeSnapshot, unknown, noGroup],
    ["snapshot_ids", missing, "OK"],
    ["snapshot_ids.0", strangeSnapshot, bad, mismatch],
    ["snapshot_ids.0", "../../etc/passwd", bad, mismatch],
    ...free("secrets"),
  ],
};
