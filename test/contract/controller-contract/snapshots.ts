/** CreateSnapshot, DeleteSnapshot and GetSnapshot: what a snapshot says of itself, and how long it lives. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Snapshot__Output } from "../../../src/gen/csi/v1/Snapshot.ts";
import { nodeIdOf } from "../../support/node-ids.ts";
import { exactly, neverMade, neverTaken, refused, smallest, step, type Bench } from "./bench.ts";

/** The clocks of a driver and of its caller differ by less. */
const clockDifferenceMs = 3_600_000;

function timeOf({ creation_time }: Snapshot__Output): number {
  assert.ok(creation_time, "a snapshot says when it was taken");
  const { seconds, nanos } = creation_time;
  assert.ok(nanos >= 0 && nanos < 1_000_000_000, `${nanos} nanoseconds`);
  return Number(seconds) * 1000 + nanos / 1_000_000;
}

export function snapshotTests(bench: Bench): void {
  makingTests(bench);
  repeatTests(bench);
  lifeTests(bench);
}

function makingTests(bench: Bench): void {
  it("takes a snapshot that is ready at once, and says of what, how large and when", async () => {
    await using volume = await bench.volume();
    await using first = await bench.snapshot(volume.id);
    const { taken } = first;
    assert.equal(taken.source_volume_id, volume.id);
    assert.equal(taken.size_bytes, String(smallest));
    assert.equal(taken.ready_to_use, true);
    assert.notEqual(taken.snapshot_id, volume.id);
    const away = Math.abs(timeOf(taken) - Date.now());
    assert.ok(away < clockDifferenceMs, `${away} ms from now`);
    assert.deepEqual((await bench.controller.GetSnapshot({ snapshot_id: first.id })).snapshot, taken);
    await using second = await bench.snapshot(volume.id);
    assert.notEqual(second.id, first.id);
    assert.ok(timeOf(second.taken) >= timeOf(taken), "a later snapshot is not older");
  });

  it("keeps the size that the source had when the snapshot was taken", async () => {
    await using volume = await bench.volume();
    await using before = await bench.snapshot(volume.id);
    await bench.grow(volume.id, exactly(smallest + step));
    await using after = await bench.snapshot(volume.id);
    const sizes = async () =>
      Promise.all(
        [before, after].map(
          async ({ id }) => (await bench.controller.GetSnapshot({ snapshot_id: id })).snapshot?.size_bytes,
        ),
      );
    assert.deepEqual(await sizes(), [String(smallest), String(smallest + step)]);
  });

  it("takes a snapshot of a published volume, which stays published", async () => {
    const node = nodeIdOf("node-a");
    await using volume = await bench.volume();
    const { epoch } = await bench.publish(volume.id, node);
    await using snapshot = await bench.snapshot(volume.id);
    assert.equal(snapshot.taken.ready_to_use, true);
    assert.equal((await bench.publish(volume.id, node)).epoch, epoch);
  });

  it("takes no snapshot of a volume that is not there", async () => {
    for (const source_volume_id of [`memory/${neverMade}`, `nvmet/${neverMade}`, "../../etc/passwd"]) {
      await refused(bench.takeSnapshot({ source_volume_id }), "NOT_FOUND", /source_volume_id/);
    }
  });

  it("needs a name and a source, knows no parameters, and lets the snapshotter's pass", async () => {
    await using volume = await bench.volume();
    const source_volume_id = volume.id;
    await refused(bench.takeSnapshot({}), "INVALID_ARGUMENT", /source_volume_id/);
    await refused(bench.takeSnapshot({ source_volume_id, name: "" }), "INVALID_ARGUMENT", /\bname\b/);
    const passing = { "csi.storage.k8s.io/volumesnapshot/name": "nightly" };
    const parameters = { ...passing, depth: "1" };
    await refused(
      bench.takeSnapshot({ source_volume_id, parameters }),
      "INVALID_ARGUMENT",
      /parameters\.depth is no .*"1"$/,
    );
    await using snapshot = await bench.snapshot(volume.id, { parameters: passing });
    assert.ok(snapshot.id);
  });
}

function repeatTests(bench: Bench): void {
  it("finds a snapshot again under its name, also when its source has grown or has gone", async () => {
    const name = bench.newName();
    await using volume = await bench.volume();
    await using snapshot = await bench.snapshot(volume.id, { name });
    const again = async () => bench.takeSnapshot({ name, source_volume_id: volume.id });
    assert.deepEqual(await again(), snapshot.taken);
    await bench.grow(volume.id, exactly(smallest + step));
    assert.deepEqual(await again(), snapshot.taken);
    await bench.discard(volume.id);
    assert.deepEqual(await again(), snapshot.taken);
  });

  it("refuses a name that a snapshot of another volume has", async () => {
    const name = bench.newName();
    await using one = await bench.volume();
    await using other = await bench.volume();
    await using snapshot = await bench.snapshot(one.id, { name });
    await refused(bench.takeSnapshot({ name, source_volume_id: other.id }), "ALREADY_EXISTS");
    assert.deepEqual((await bench.controller.GetSnapshot({ snapshot_id: snapshot.id })).snapshot, snapshot.taken);
  });

  it("gives the name of a deleted snapshot to one of another volume", async () => {
    const name = bench.newName();
    await using one = await bench.volume();
    await using other = await bench.volume();
    {
      await using first = await bench.snapshot(one.id, { name });
      assert.equal(first.taken.source_volume_id, one.id);
    }
    await using second = await bench.snapshot(other.id, { name });
    assert.equal(second.taken.source_volume_id, other.id);
  });
}

function lifeTests(bench: Bench): void {
  const { deleted, found } = callsOf(bench);

  it("deletes a snapshot, and counts the deletion of one that is not there as done", async () => {
    await using volume = await bench.volume();
    await using snapshot = await bench.snapshot(volume.id);
    await using other = await bench.snapshot(volume.id);
    for (const _time of ["once", "again"]) await deleted(snapshot.id);
    await refused(found(snapshot.id), "NOT_FOUND", /snapshot_id/);
    assert.deepEqual(await found(other.id), other.taken, "the other snapshot of the volume is still there");
    for (const id of [`memory/${neverTaken}`, `nvmet/${neverTaken}`, "../../etc/passwd", volume.id]) await deleted(id);
    assert.equal((await bench.shown(volume.id)).volume_id, volume.id, "a volume is no snapshot");
    await refused(bench.controller.DeleteSnapshot({}), "INVALID_ARGUMENT", /snapshot_id/);
  });

  it("does not know snapshots that it did not take", async () => {
    await using volume = await bench.volume();
    for (const id of [`memory/${neverTaken}`, `nvmet/${neverTaken}`, "../../etc/passwd", volume.id]) {
      await refused(found(id), "NOT_FOUND", /snapshot_id/);
    }
    await refused(bench.controller.GetSnapshot({}), "INVALID_ARGUMENT", /snapshot_id/);
  });

  it("keeps a snapshot when its source is deleted, and a new volume of that name does not touch it", async () => {
    const name = bench.newName();
    await using volume = await bench.volume({ name });
    await using snapshot = await bench.snapshot(volume.id);
    await bench.discard(volume.id);
    assert.deepEqual(await found(snapshot.id), snapshot.taken);
    await using successor = await bench.volume({ name });
    await bench.grow(successor.id, exactly(smallest + step));
    assert.deepEqual(await found(snapshot.id), snapshot.taken);
  });

  it("deletes snapshots and their source in any order", async () => {
    const order = ["first", "source", "second"] as const;
    for (const [start] of order.entries()) {
      await using volume = await bench.volume();
      await using first = await bench.snapshot(volume.id);
      await using second = await bench.snapshot(volume.id);
      const steps = {
        first: async () => deleted(first.id),
        source: async () => bench.discard(volume.id),
        second: async () => deleted(second.id),
      };
      for (const what of [...order.slice(start), ...order.slice(0, start)]) await steps[what]();
      for (const { id } of [first, second]) await refused(found(id), "NOT_FOUND");
      await refused(bench.shown(volume.id), "NOT_FOUND");
    }
  });
}

function callsOf(bench: Bench) {
  return {
    deleted: async (snapshot_id: string) => {
      await bench.controller.DeleteSnapshot({ snapshot_id });
    },
    found: async (snapshot_id: string) => (await bench.controller.GetSnapshot({ snapshot_id })).snapshot,
  };
}
