import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deleteAll, namesOf, openDeletion as open, round } from "../../test/support/deletion-bench.ts";
import { size } from "../../test/support/target-bench.ts";
import type { VolumeId } from "../domain/identity.ts";
import type { ObjectId } from "./layers/layer.ts";

const signal = () => AbortSignal.timeout(10_000);

describe("the room of deleted volumes", () => {
  /** Free room for as many volumes, and what a file system of 64 parts keeps for itself. */
  const roomFor = (count: bigint) => (count * size * 64n) / 63n + 4096n;

  it("is given to whoever needs it, of the oldest and of no more than are needed", async (t) => {
    const pool = await open(t);
    const { bench, agent, make } = pool;
    bench.fixRoom(t, roomFor(4n));
    t.mock.method(pool.layer, "allocated", async () => Promise.resolve(0n));
    await deleteAll(pool, ["a", "b", "c"]);
    assert.equal((await agent.room(signal())) / size, 4n, "it counts as free");
    await make({ agent }, "fits");
    assert.deepEqual(namesOf(pool), ["a", "b", "c"], "nobody needs it yet");
    await make({ agent }, "larger", { size: 2n * size });
    assert.deepEqual(namesOf(pool), ["c"]);
    await assert.rejects(make({ agent }, "too-large", { size: 2n * size }), {
      kind: "no_capacity",
      message: new RegExp(`the pool has room for ${size / 1_000_000n}\\d{6} bytes`),
    });
    assert.deepEqual(namesOf(pool), ["c"], "it would have been erased for nothing");
    await agent.expand(bench.id("fits"), 2n * size, signal());
    assert.deepEqual(namesOf(pool), []);
    assert.equal((await agent.room(signal())) / size, 0n);
  });

  it("counts as free only as far as nothing else may share it", async (t) => {
    const pool = await open(t);
    const { bench, agent, layer, make } = pool;
    bench.fixRoom(t, roomFor(2n));
    const full = new Set(["alone", "copy"].map((name) => bench.id(name)));
    const isFull = (id: ObjectId) => full.has(id as VolumeId);
    t.mock.method(layer, "allocated", async (id: ObjectId) => Promise.resolve(isFull(id) ? size : 0n));
    await make({ agent }, "alone");
    await agent.delete(bench.id("alone"), signal());
    const alone = await agent.room(signal());
    assert.ok(alone > (29n * size) / 10n && alone < 3n * size, "less what the file system keeps of it");
    await agent.undelete(bench.id("alone"), signal());
    await make({ agent }, "copy", { source: { kind: "volume", id: bench.id("alone") } });
    await agent.delete(bench.id("copy"), signal());
    full.delete(bench.id("alone"));
    const left = await agent.room(signal());
    assert.ok(left >= size && left < (3n * size) / 2n, "what the copy holds may be its source's");
  });

  it("is not waited for: what somebody works on stays, and the next one goes", async (t) => {
    const pool = await open(t);
    const { bench, agent, layer, make } = pool;
    bench.fixRoom(t, roomFor(2n));
    t.mock.method(layer, "allocated", async () => Promise.resolve(0n));
    await deleteAll(pool, ["a", "b"]);
    const verified = layer.verified.bind(layer);
    const { promise: begun, resolve: begin } = Promise.withResolvers<undefined>();
    const { promise: may, resolve: goOn } = Promise.withResolvers<undefined>();
    t.mock.method(layer, "verified", async (object: Parameters<typeof verified>[0]) => {
      if (object.id === bench.id("a")) {
        begin(undefined);
        await may;
      }
      return await verified(object);
    });
    const back = agent.undelete(bench.id("a"), signal());
    await begun;
    await make({ agent }, "new");
    await assert.rejects(make({ agent }, "newer"), { kind: "no_capacity" });
    goOn(undefined);
    assert.equal((await back).name, "a");
    assert.deepEqual(namesOf(pool), []);
    assert.deepEqual(
      agent
        .records()
        .map(({ name }) => name)
        .toSorted(),
      ["a", "new"],
    );
  });

  it("is what a pool at its watermark gives first, one at a time", async (t) => {
    const pool = await open(t, { watermarkPercent: 80 });
    const { bench, agent, layer, make } = pool;
    let used = 0;
    t.mock.method(layer, "usedPercent", async () => Promise.resolve(used));
    await make({ agent }, "empty");
    await agent.delete(bench.id("empty"), signal());
    await deleteAll(pool, ["a", "b", "c"]);
    used = 80;
    assert.equal(await agent.room(signal()), 0n);
    await assert.rejects(make({ agent }, "new"), { kind: "no_capacity", message: /80 percent full/ });
    assert.deepEqual(namesOf(pool), ["empty", "b", "c"], "one that holds nothing gives nothing");
    await round(pool);
    assert.deepEqual(namesOf(pool), ["empty", "c"]);
    const remove = layer.remove.bind(layer);
    t.mock.method(layer, "remove", async (id: Parameters<typeof remove>[0]) => {
      used = 70;
      await remove(id);
    });
    await make({ agent }, "new");
    await round(pool);
    assert.deepEqual(namesOf(pool), ["empty"]);
  });

  it("is given before hosts run out of it, also without a watermark", async (t) => {
    const pool = await open(t);
    t.mock.method(pool.layer, "usedPercent", async () => Promise.resolve(95));
    await deleteAll(pool, ["a"]);
    await round(pool);
    assert.deepEqual(namesOf(pool), []);
  });
});
