import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { size, TargetBench } from "../../test/support/target-bench.ts";
import { PooledAgents } from "./pooled-agents.ts";

const signal = () => AbortSignal.timeout(10_000);

/** Two pools with a grace. */
async function twoPools(t: TestContext) {
  const bench = await TargetBench.open(t);
  const start = async (pool: string) => (await bench.start({ pool, deletionGraceMinutes: 60 })).agent;
  const [small, large] = [await start("small"), await start("large")];
  const agents = new PooledAgents(new Map(Object.entries({ small, large })));
  const volume = (name: string, more = {}) => ({ id: bench.id(name), name, size, ...more });
  const delivered = async (name: string, pool: string) => {
    await agents.create(volume(name, { pool }), signal());
    await agents.delete(bench.id(name), signal());
  };
  return { bench, small, large, agents, volume, delivered };
}

const namesOf = async (agents: PooledAgents, pool: string) =>
  (await agents.deleted(pool, signal())).map(({ name }) => name);

describe("deleted volumes of several pools", () => {
  it("are found by the name of their pool, which another order cannot mistake", async (t) => {
    const { bench, agents, delivered } = await twoPools(t);
    await delivered("a", "large");
    assert.deepEqual([await namesOf(agents, "small"), await namesOf(agents, "large")], [[], ["a"]]);
    await assert.rejects(agents.undelete("small", bench.id("a"), signal()), { kind: "not_found" });
    await assert.rejects(agents.deleted("tiny", signal()), {
      kind: "not_found",
      message: /the driver serves small and large; got "tiny"/,
    });
    assert.equal((await agents.undelete("large", bench.id("a"), signal())).name, "a");
    assert.equal((await agents.get(bench.id("a"), signal()))?.name, "a");
  });

  it("are in nobody's way: a new one of the name is made in another pool, and the old one is erased (E4)", async (t) => {
    const { agents, small, large, volume, delivered } = await twoPools(t);
    await delivered("a", "small");
    await agents.create(volume("a", { pool: "large" }), signal());
    assert.deepEqual([small.records().length, large.records().length], [0, 1]);
  });

  it("never come back beside a volume of their name, nor keep a start from being served (E1)", async (t) => {
    const { bench, agents, volume, delivered } = await twoPools(t);
    await delivered("a", "small");
    const record = path.join(bench.pathOf("small"), "records", `${bench.id("a")}.json`);
    const old = fs.readFileSync(record);
    await agents.create(volume("a", { pool: "large" }), signal());
    fs.writeFileSync(record, old);
    const restarted = await Promise.all(
      ["small", "large"].map(async (pool) => [pool, (await bench.start({ pool })).agent] as const),
    );
    const both = new PooledAgents(new Map(restarted));
    await assert.rejects(both.undelete("small", bench.id("a"), signal()), {
      kind: "already_exists",
      message: /pool large has a volume of that name/,
    });
    await both.delete(bench.id("a"), signal());
    assert.equal(await both.get(bench.id("a"), signal()), undefined);
  });

  it("are not erased for room that another pool has", async (t) => {
    const { agents, small, volume, delivered } = await twoPools(t);
    await delivered("a", "small");
    t.mock.method(small, "room", async () => Promise.resolve(size));
    t.mock.method(small, "mustEraseFor", async () => Promise.resolve(true));
    await agents.create(volume("b"), signal());
    assert.deepEqual([await namesOf(agents, "small"), small.records().length], [["a"], 1]);
  });

  it("are erased in their time in one pool though another one does not answer", async (t) => {
    const { bench, agents, small, large, delivered } = await twoPools(t);
    await delivered("a", "large");
    bench.now = () => new Date(Date.now() + 3_600_000);
    const down = t.mock.method(small, "dueForErasure", async () => Promise.reject(new Error("the disk is gone")));
    for (const id of await agents.dueForErasure(signal())) await agents.eraseDeleted(id, signal());
    assert.deepEqual(large.records(), []);
    await assert.rejects(agents.dueForErasure(signal()), /the disk is gone/);
    down.mock.restore();
    assert.deepEqual(await agents.dueForErasure(signal()), []);
  });

  it("and imported ones have names that no pool has", async (t) => {
    const { bench, agents, volume } = await twoPools(t);
    await agents.create(volume("a", { pool: "large" }), signal());
    const original = path.join(bench.pathOf("small"), "original.img");
    fs.writeFileSync(original, "data");
    await assert.rejects(agents.import("small", { name: "a", original }, signal()), {
      kind: "already_exists",
      message: /pool large has a volume of that name/,
    });
    const { id } = await agents.import("small", { name: "b", original }, signal());
    assert.equal((await agents.get(id, signal()))?.content.state, "present");
  });
});
