/** GroupController: snapshots of several volumes that come and go as a whole; or nothing of it at all. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { neverGrouped, neverMade, neverTaken, refused, smallest, step, type Bench } from "./bench.ts";

/** Where the back end takes snapshots one at a time. */
export function noGroupTests(bench: Bench): void {
  it("does not take snapshots of several volumes at one instant, and says so", async () => {
    await using volume = await bench.volume();
    await refused(bench.takeGroup({ source_volume_ids: [volume.id] }), "UNIMPLEMENTED");
    await refused(bench.groups.GroupControllerGetCapabilities({}), "UNIMPLEMENTED");
  });
}

export function groupTests(bench: Bench): void {
  makingTests(bench);
  lifeTests(bench);
  inputTests(bench);
}

function makingTests(bench: Bench): void {
  it("takes a snapshot of each volume, which say whose they are and of which group", async () => {
    await using one = await bench.volume();
    await using other = await bench.volume({ capacity_range: { required_bytes: String(smallest + step) } });
    await using group = await bench.group([other.id, one.id]);
    const { snapshots, group_snapshot_id, ready_to_use, creation_time } = group.taken;
    assert.equal(ready_to_use, true);
    const bySource = new Map(snapshots.map((snapshot) => [snapshot.source_volume_id, snapshot]));
    assert.deepEqual(new Set(bySource.keys()), new Set([one.id, other.id]));
    assert.equal(bySource.get(other.id)?.size_bytes, String(smallest + step));
    for (const snapshot of snapshots) {
      assert.equal(snapshot.group_snapshot_id, group_snapshot_id);
      assert.deepEqual(snapshot.creation_time, creation_time, "all of one instant");
      const { snapshot_id } = snapshot;
      assert.deepEqual((await bench.controller.GetSnapshot({ snapshot_id })).snapshot, snapshot);
      assert.deepEqual((await bench.controller.ListSnapshots({ snapshot_id })).entries, [{ snapshot }]);
    }
    const snapshot_ids = snapshots.map(({ snapshot_id }) => snapshot_id);
    const found = await bench.groups.GetVolumeGroupSnapshot({ group_snapshot_id, snapshot_ids });
    assert.deepEqual(found.group_snapshot, group.taken);
  });

  it("finds a group again under its name, in whatever order its volumes are named, and refuses others", async () => {
    await using one = await bench.volume();
    await using other = await bench.volume();
    const name = bench.newName();
    await using group = await bench.group([one.id, other.id], { name });
    assert.deepEqual(await bench.takeGroup({ name, source_volume_ids: [other.id, one.id] }), group.taken);
    for (const source_volume_ids of [[one.id], [other.id]]) {
      await refused(bench.takeGroup({ name, source_volume_ids }), "ALREADY_EXISTS", /it exists of/);
    }
  });
}

function lifeTests(bench: Bench): void {
  it("gives a volume from one of its snapshots, after the sources have gone", async () => {
    const one = await bench.volume();
    await using other = await bench.volume();
    await using group = await bench.group([one.id, other.id]);
    await one[Symbol.asyncDispose]();
    const of = group.taken.snapshots.find(({ source_volume_id }) => source_volume_id === one.id);
    const snapshot = { snapshot_id: of?.snapshot_id ?? "" };
    await using restored = await bench.volume({ volume_content_source: { snapshot } });
    assert.deepEqual((await bench.shown(restored.id)).content_source?.snapshot, snapshot);
  });

  it("goes as a whole: none of its snapshots alone, and none is left", async () => {
    await using one = await bench.volume();
    await using other = await bench.volume();
    await using group = await bench.group([one.id, other.id]);
    const snapshot_ids = group.taken.snapshots.map(({ snapshot_id }) => snapshot_id);
    for (const snapshot_id of snapshot_ids) {
      await refused(bench.controller.DeleteSnapshot({ snapshot_id }), "INVALID_ARGUMENT", /one of the group/);
    }
    const group_snapshot_id = group.id;
    const [first = ""] = snapshot_ids;
    for (const wrong of [[first], [first, `${first}0`], [...snapshot_ids, `memory/${neverTaken}`]]) {
      const request = { group_snapshot_id, snapshot_ids: wrong };
      await refused(bench.groups.DeleteVolumeGroupSnapshot(request), "INVALID_ARGUMENT", /snapshot_ids must be/);
      await refused(bench.groups.GetVolumeGroupSnapshot(request), "INVALID_ARGUMENT", /snapshot_ids must be/);
    }
    for (const _time of ["once", "again"]) {
      await bench.groups.DeleteVolumeGroupSnapshot({ group_snapshot_id, snapshot_ids });
    }
    await refused(bench.groups.GetVolumeGroupSnapshot({ group_snapshot_id }), "NOT_FOUND", /group_snapshot_id/);
    for (const snapshot_id of snapshot_ids) await refused(bench.controller.GetSnapshot({ snapshot_id }), "NOT_FOUND");
  });
}

function inputTests(bench: Bench): void {
  it("leaves no snapshot where one of the volumes is not there", async () => {
    await using volume = await bench.volume();
    const missing = volume.id.replace(/v1-.*/, neverMade);
    const taken = bench.takeGroup({ source_volume_ids: [volume.id, missing] });
    await refused(taken, "NOT_FOUND", /source_volume_ids/);
    const source_volume_id = volume.id;
    assert.deepEqual((await bench.controller.ListSnapshots({ source_volume_id })).entries, []);
  });

  it("needs a name and volumes, none of them twice, and knows no parameters", async () => {
    await using volume = await bench.volume();
    const source_volume_ids = [volume.id];
    await refused(bench.takeGroup({ source_volume_ids, name: "" }), "INVALID_ARGUMENT", /\bname\b/);
    await refused(bench.takeGroup({}), "INVALID_ARGUMENT", /source_volume_ids must not be empty/);
    const twice = [volume.id, volume.id];
    await refused(bench.takeGroup({ source_volume_ids: twice }), "INVALID_ARGUMENT", /must not name a volume twice/);
    const parameters = { depth: "1" };
    await refused(bench.takeGroup({ source_volume_ids, parameters }), "INVALID_ARGUMENT", /parameters\.depth is no/);
  });

  it("takes the deletion of a group that is not there for done", async () => {
    for (const group_snapshot_id of [`memory/${neverGrouped}`, `nvmet/${neverGrouped}`, "../../etc"]) {
      await bench.groups.DeleteVolumeGroupSnapshot({ group_snapshot_id });
    }
  });
}
