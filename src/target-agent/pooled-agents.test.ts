import assert from "node:assert/strict";
import fs from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { size, TargetBench } from "../../test/support/target-bench.ts";
import { failure } from "../domain/errors.ts";
import { PooledAgents } from "./pooled-agents.ts";

const signal = () => AbortSignal.timeout(10_000);
const GiB = 1024n * 1024n * 1024n;

/** Two pools; what room each has is given. */
async function twoPools(t: TestContext, rooms: { readonly small: bigint; readonly large: bigint }) {
  const bench = await TargetBench.open(t);
  const small = (await bench.start({ pool: "small" })).agent;
  const large = (await bench.start({ pool: "large" })).agent;
  t.mock.method(small, "room", async () => Promise.resolve(rooms.small));
  t.mock.method(large, "room", async () => Promise.resolve(rooms.large));
  const agents = new PooledAgents(new Map([...Object.entries({ small, large })]));
  const volume = (name: string, more = {}) => ({ id: bench.id(name), name, size, ...more });
  return { bench, small, large, agents, volume };
}

describe("several pools", () => {
  it("take a new volume into the fullest one that it fits in", async (t) => {
    const { agents, small, large, volume } = await twoPools(t, { small: GiB, large: 4n * GiB });
    await agents.create(volume("a"), signal());
    await agents.create({ ...volume("b"), size: 2n * GiB }, signal());
    assert.deepEqual(
      [small.records(), large.records()].map((all) => all.map(({ name }) => name)),
      [["a"], ["b"]],
    );
  });

  it("go on to the next one where a pool has no room after all, and say the last one's reason", async (t) => {
    const { agents, small, large, volume } = await twoPools(t, { small: GiB, large: 4n * GiB });
    t.mock.method(small, "create", async () =>
      Promise.reject(failure("no_capacity", { cannot: "make it", rule: "no" })),
    );
    await agents.create(volume("a"), signal());
    assert.deepEqual(
      large.records().map(({ name }) => name),
      ["a"],
    );
    const tooLarge = { ...volume("b"), size: 2n ** 60n };
    await assert.rejects(agents.create(tooLarge, signal()), { kind: "no_capacity" });
  });

  it("make a volume where it is asked for, find it again, and nowhere else", async (t) => {
    const { agents, large, volume } = await twoPools(t, { small: GiB, large: 4n * GiB });
    for (const _time of ["once", "again"]) await agents.create({ ...volume("a"), pool: "large" }, signal());
    assert.equal((await agents.create(volume("a"), signal())).id, volume("a").id);
    assert.equal(large.records().length, 1);
    const elsewhere = agents.create({ ...volume("a"), pool: "small" }, signal());
    await assert.rejects(elsewhere, { kind: "already_exists", message: /it exists in pool large/ });
    const nowhere = agents.create({ ...volume("b"), pool: "tiny" }, signal());
    await assert.rejects(nowhere, {
      kind: "invalid_argument",
      message: /parameters.pool must be small or large; got "tiny"/,
    });
  });

  it("make copies where their source is", async (t) => {
    const { bench, agents, large, volume } = await twoPools(t, { small: GiB, large: 4n * GiB });
    await agents.create({ ...volume("a"), pool: "large" }, signal());
    const id = bench.snapshotId("s");
    await agents.createSnapshot({ id, name: "s", source: volume("a").id }, signal());
    const source = { kind: "snapshot", id } as const;
    await agents.create(volume("copy", { source }), signal());
    assert.deepEqual(
      large
        .records()
        .map(({ name }) => name)
        .toSorted(),
      ["a", "copy"],
    );
    const elsewhere = agents.create({ ...volume("other"), source, pool: "small" }, signal());
    await assert.rejects(elsewhere, {
      kind: "invalid_argument",
      message: /parameters.pool must be large, where its source is/,
    });
  });

  it("have the room of all of them, and no volume is larger than the largest takes", async (t) => {
    const { agents } = await twoPools(t, { small: GiB, large: 4n * GiB });
    assert.deepEqual(await agents.capacity({}, signal()), { available: 5n * GiB, largestVolume: 4n * GiB });
    assert.deepEqual(await agents.capacity({ pool: "small" }, signal()), { available: GiB, largestVolume: GiB });
    await assert.rejects(agents.capacity({ pool: "tiny" }, signal()), { kind: "invalid_argument" });
  });

  it("are listed as one, in pages", async (t) => {
    const { agents, volume } = await twoPools(t, { small: GiB, large: 4n * GiB });
    for (const [name, pool] of [
      ["a", "small"],
      ["b", "large"],
      ["c", "small"],
    ] as const) {
      await agents.create({ ...volume(name), pool }, signal());
    }
    const first = await agents.list({ limit: 2 }, signal());
    const rest = await agents.list({ limit: 2, ...(first.next !== undefined && { after: first.next }) }, signal());
    const ids = [...first.items, ...rest.items].map(({ id }) => id);
    assert.deepEqual(ids, ["a", "b", "c"].map((name) => volume(name).id).toSorted());
  });

  it("answer a probe while one of them does, and say what is wrong when none does", async (t) => {
    const { agents, small, large } = await twoPools(t, { small: GiB, large: GiB });
    t.mock.method(small, "probe", async () => Promise.reject(new Error("the disk is gone")));
    await agents.probe(signal());
    t.mock.method(large, "probe", async () => Promise.reject(new Error("this one too")));
    await assert.rejects(agents.probe(signal()), /the disk is gone/);
  });

  it("are not served while a volume is in two of them (E1)", async (t) => {
    const { bench, agents, small, volume } = await twoPools(t, { small: GiB, large: GiB });
    await agents.create({ ...volume("a"), pool: "small" }, signal());
    const records = (pool: string) => `${bench.pathOf(pool)}/records`;
    fs.cpSync(records("small"), records("large"), { recursive: true });
    const copied = (await bench.start({ pool: "large" })).agent;
    const both = () => new PooledAgents(new Map([...Object.entries({ small, large: copied })]));
    assert.throws(both, { kind: "precondition", message: /pools small and large both have it/ });
  });
});

describe("a pool with a watermark", () => {
  it("takes nothing new above it, and says so; what is there stays", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent, layer } = await bench.start({ watermarkPercent: 80 });
    const volume = { id: bench.id("a"), name: "a", size };
    let used = 79;
    t.mock.method(layer, "usedPercent", async () => Promise.resolve(used));
    await agent.create(volume, signal());
    used = 80;
    const more = agent.create({ ...volume, id: bench.id("b") }, signal());
    await assert.rejects(more, {
      kind: "no_capacity",
      message: /the pool is 80 percent full, and its watermark is 80/,
    });
    await assert.rejects(agent.expand(volume.id, 2n * size, signal()), { kind: "no_capacity" });
    const snapshot = { id: bench.snapshotId("s"), name: "s", source: volume.id };
    await assert.rejects(agent.createSnapshot(snapshot, signal()), { kind: "no_capacity" });
    assert.equal(await agent.room(signal()), 0n);
    assert.equal((await agent.create(volume, signal())).id, volume.id);
    await agent.publish(volume.id, { node: bench.node("n"), access: "read-write" }, signal());
    await agent.probe(signal());
  });
});
