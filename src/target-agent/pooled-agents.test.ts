import assert from "node:assert/strict";
import fs from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { size, TargetBench } from "../../test/support/target-bench.ts";
import type { Segments, TopologyRequirement } from "../domain/topology.ts";
import { failure } from "../domain/errors.ts";
import { PooledAgents } from "./pooled-agents.ts";

const signal = () => AbortSignal.timeout(10_000);
const GiB = 1024n * 1024n * 1024n;

/** Two pools; what room each has is given. */
async function twoPools(
  t: TestContext,
  rooms: { readonly small: bigint; readonly large: bigint },
  places: { readonly small?: Segments; readonly large?: Segments } = {},
) {
  const bench = await TargetBench.open(t);
  const small = (await bench.start({ pool: "small", place: places.small ?? {} })).agent;
  const large = (await bench.start({ pool: "large", place: places.large ?? {} })).agent;
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

  const [a, b, c] = [{ zone: "a" }, { zone: "b" }, { zone: "c" }];
  const zones = { small: a, large: b };

  it("take a volume where it can be reached from, the preferred one first, and say where that is (E3)", async (t) => {
    const { agents, volume } = await twoPools(t, { small: GiB, large: 4n * GiB }, zones);
    const ask = async (name: string, topology: TopologyRequirement, more = {}) =>
      (await agents.create({ ...volume(name), topology, ...more }, signal())).place;
    assert.deepEqual(await ask("a", { requisite: [b], preferred: [] }), b);
    assert.deepEqual(await ask("b", { requisite: [a, b], preferred: [b, a] }), b);
    assert.deepEqual(await ask("c", { requisite: [a, b], preferred: [] }), a, "the fullest");
    assert.deepEqual(await ask("d", { requisite: [c, { ...a, rack: "1" }], preferred: [] }), a);
    const nowhere = { kind: "no_capacity", message: /must name a place from which a pool can be reached/ };
    await assert.rejects(ask("e", { requisite: [c], preferred: [] }), nowhere);
    await assert.rejects(ask("e", { requisite: [b], preferred: [] }, { pool: "small" }), nowhere);
    const source = { kind: "volume", id: volume("a").id } as const;
    await assert.rejects(ask("e", { requisite: [a], preferred: [] }, { source }), nowhere);
    assert.deepEqual(await ask("e", { requisite: [b], preferred: [] }, { source }), b);
  });

  it("have room for a node only as far as it can reach them", async (t) => {
    const { agents } = await twoPools(t, { small: GiB, large: 4n * GiB }, { small: a });
    const roomFrom = async (from: Segments) => (await agents.capacity({ from }, signal())).available;
    assert.deepEqual([await roomFrom(a), await roomFrom(b)], [5n * GiB, 4n * GiB]);
    assert.equal((await agents.capacity({ from: b, pool: "small" }, signal())).available, 0n);
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
