/** ControllerExpandVolume: volumes that become larger, exactly so, and never smaller. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { nodeIdOf } from "../../support/node-ids.ts";
import { exactly, GiB, neverMade, poolNoise, refused, smallest, step, type Bench } from "./bench.ts";

const TiB = 1024n * GiB;

export function growthTests(bench: Bench): void {
  sizeTests(bench);
  limitTests(bench);

  it("grows a published volume, and it stays published as it was", async () => {
    const node = nodeIdOf("node-a");
    await using volume = await bench.volume();
    const { epoch } = await bench.publish(volume.id, node);
    await bench.grow(volume.id, exactly(smallest + step));
    assert.deepEqual(await bench.holders(volume.id), [node]);
    assert.equal((await bench.publish(volume.id, node)).epoch, epoch);
    assert.equal((await bench.shown(volume.id)).capacity_bytes, String(smallest + step));
  });

  it("does not know volumes that it did not make, and needs a volume and a range", async () => {
    const capacity_range = { required_bytes: String(smallest) };
    for (const volume_id of [`memory/${neverMade}`, `nvmet/${neverMade}`, "../../etc/passwd"]) {
      await refused(bench.grow(volume_id, capacity_range), "NOT_FOUND", /volume_id/);
    }
    await using volume = await bench.volume();
    const { controller } = bench;
    await refused(controller.ControllerExpandVolume({ capacity_range }), "INVALID_ARGUMENT", /volume_id/);
    await refused(
      controller.ControllerExpandVolume({ volume_id: volume.id }),
      "INVALID_ARGUMENT",
      /capacity_range must be set/,
    );
  });
}

function sizeTests(bench: Bench): void {
  it("grows a volume to exactly the size that is asked for, and the node has its part to do", async () => {
    const free = await bench.free();
    {
      await using volume = await bench.volume();
      const size = String(smallest + 25n * step);
      const grown = { capacity_bytes: size, node_expansion_required: true };
      for (const _time of ["once", "again"]) {
        assert.deepEqual(await bench.grow(volume.id, exactly(BigInt(size))), grown);
      }
      assert.equal((await bench.shown(volume.id)).capacity_bytes, size);
      const { entries } = await bench.controller.ListVolumes({});
      const listed = entries.find((entry) => entry.volume?.volume_id === volume.id);
      assert.equal(listed?.volume?.capacity_bytes, size);
      const taken = free - (await bench.free());
      assert.ok(taken >= BigInt(size) - poolNoise && taken <= BigInt(size) + poolNoise, `${taken} bytes were taken`);
    }
    assert.ok((await bench.free()) >= free - poolNoise, "all of it is given back");
  });

  it("rounds a size that is no multiple of 4 MiB up to the next one", async () => {
    await using volume = await bench.volume();
    const grown = await bench.grow(volume.id, { required_bytes: String(smallest + 1n) });
    assert.equal(grown.capacity_bytes, String(smallest + step));
  });

  it("answers with the present size when no more is required", async () => {
    await using volume = await bench.volume();
    const present = smallest + step;
    await bench.grow(volume.id, exactly(present));
    const ranges = [
      {},
      { required_bytes: "1" },
      { required_bytes: String(smallest) },
      { required_bytes: String(smallest), limit_bytes: String(present) },
      { limit_bytes: String(64n * TiB) },
    ];
    for (const range of ranges) {
      const { capacity_bytes, node_expansion_required } = await bench.grow(volume.id, range);
      assert.deepEqual([capacity_bytes, node_expansion_required], [String(present), true]);
    }
  });

  it("finds a grown volume again under its name, with the size that it has now", async () => {
    const name = bench.newName();
    await using volume = await bench.volume({ name });
    await bench.grow(volume.id, exactly(smallest + step));
    const found = await bench.create({ name, capacity_range: { required_bytes: String(smallest) } });
    assert.deepEqual([found.volume_id, found.capacity_bytes], [volume.id, String(smallest + step)]);
  });
}

function limitTests(bench: Bench): void {
  it("never makes a volume smaller, nor larger than the limit", async () => {
    await using volume = await bench.volume();
    const present = smallest + 2n * step;
    await bench.grow(volume.id, exactly(present));
    const tooSmall = [{ limit_bytes: String(present - 1n) }, exactly(smallest), exactly(present - step)];
    for (const range of tooSmall) await refused(bench.grow(volume.id, range), "OUT_OF_RANGE", /never shrinks/);
    const between = { required_bytes: String(present + 1n), limit_bytes: String(present + step - 1n) };
    await refused(bench.grow(volume.id, between), "OUT_OF_RANGE", /4194304/);
    assert.equal((await bench.shown(volume.id)).capacity_bytes, String(present));
  });

  it("tells a growth that no pool has room for from one that no volume can have, and changes nothing", async () => {
    await using volume = await bench.volume();
    const free = await bench.free();
    await refused(bench.grow(volume.id, { required_bytes: String(64n * TiB) }), "RESOURCE_EXHAUSTED");
    await refused(bench.grow(volume.id, { required_bytes: String(64n * TiB + 1n) }), "OUT_OF_RANGE");
    assert.equal((await bench.shown(volume.id)).capacity_bytes, String(smallest));
    const taken = free - (await bench.free());
    assert.ok(taken <= poolNoise, `${taken} bytes were taken`);
    const grown = await bench.grow(volume.id, exactly(smallest + step));
    assert.equal(grown.capacity_bytes, String(smallest + step), "what there is room for is served afterwards");
  });

  it("refuses a range that contradicts itself", async () => {
    await using volume = await bench.volume();
    const upsideDown = { required_bytes: String(smallest + step), limit_bytes: String(smallest) };
    await refused(bench.grow(volume.id, upsideDown), "INVALID_ARGUMENT", /required_bytes must not exceed limit_bytes/);
    for (const field of ["required_bytes", "limit_bytes"]) {
      await refused(bench.grow(volume.id, { [field]: "-1" }), "INVALID_ARGUMENT", /must not be negative/);
    }
  });
}
