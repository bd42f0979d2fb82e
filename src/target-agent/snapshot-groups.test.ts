import assert from "node:assert/strict";
import fs from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { size, TargetBench, type Started } from "../../test/support/target-bench.ts";
import { encodeIntent, intentOffset } from "../domain/format-intent.ts";
import { memberIdOf, snapshotGroupIdOf, type ClusterId } from "../domain/identity.ts";
import { FileLayer } from "./layers/file-layer.ts";
import type { CopyPair } from "./layers/layer.ts";
import { PooledAgents } from "./pooled-agents.ts";

const signal = () => new AbortController().signal;
const cluster = "test-cluster" as ClusterId;
const id = snapshotGroupIdOf(cluster, "g");

/** Files, as if they could be copied at one instant: what is tested here is what the agent makes of it. */
class TogetherLayer extends FileLayer {
  async copyTogether(pairs: readonly CopyPair[]) {
    try {
      const made = [];
      for (const { source, copy } of pairs) made.push(await this.copy(source, copy));
      return made;
    } catch (error) {
      for (const { copy } of pairs) await this.remove(copy.id);
      throw error;
    }
  }
}

/** Volumes a and b that hold something, and what a test needs to take them together. */
async function twoVolumes(t: TestContext) {
  const bench = await TargetBench.open(t);
  const start = async () => bench.start({ Layer: TogetherLayer });
  const started = await start();
  const sources = [bench.id("a"), bench.id("b")];
  for (const name of ["a", "b"]) {
    await started.agent.create({ id: bench.id(name), name, size }, signal());
    fs.writeFileSync(bench.image(name), `data of ${name}`, { flag: "r+" });
  }
  const groupsOf = ({ agent }: Started) => agent.groups ?? assert.fail("the layer can take groups");
  const take = async (by: Started = started, of = sources) =>
    groupsOf(by).create({ id, name: "g", sources: of }, signal());
  const listed = async ({ agent }: Started) => (await agent.listSnapshots(undefined, {}, signal())).items;
  const left = () => bench.files().filter((name) => name.startsWith("s1-"));
  return { bench, start, started, sources, groupsOf, take, listed, left };
}

describe("a group of snapshots", () => {
  it("has one of each volume, and each says so", async (t) => {
    const { started, sources, groupsOf, take, listed } = await twoVolumes(t);
    const taken = await take();
    assert.deepEqual(new Set(taken.snapshots.map(({ source }) => source)), new Set(sources));
    assert.deepEqual(new Set(taken.snapshots.map(({ group }) => group)), new Set([id]));
    assert.deepEqual(await listed(started), taken.snapshots);
    assert.deepEqual(await groupsOf(started).get(id, signal()), taken);
    assert.deepEqual(await take(started, sources.toReversed()), taken, "a repeat finds it");
    const other = take(started, sources.slice(1));
    await assert.rejects(other, { kind: "already_exists", message: /it exists of v1-/ });
  });

  it("is deleted as a whole, and not in parts", async (t) => {
    const { started, groupsOf, take, left } = await twoVolumes(t);
    const [one] = (await take()).snapshots;
    assert.ok(one);
    await assert.rejects(started.agent.deleteSnapshot(one.id, signal()), { kind: "invalid_argument" });
    for (const _time of ["once", "again"]) await groupsOf(started).delete(id, signal());
    assert.deepEqual(left(), []);
  });

  it("is not taken of a volume that is not there, and leaves nothing of the others", async (t) => {
    const { bench, started, sources, take, left } = await twoVolumes(t);
    await assert.rejects(take(started, [...sources, bench.id("c")]), {
      kind: "not_found",
      message: /source_volume_ids/,
    });
    assert.deepEqual(left(), []);
  });

  it("is not taken while a file system is being made on one of its volumes", async (t) => {
    const { bench, sources, take, left } = await twoVolumes(t);
    const [, volume] = sources;
    assert.ok(volume);
    const block = encodeIntent({ volume, type: "ext4", node: "node-a", time: new Date().toISOString() });
    bench.blockAt = (offset) => (offset === intentOffset(size) ? block : undefined);
    await assert.rejects(take(), { kind: "precondition", message: /file system is being made/ });
    assert.deepEqual(left(), []);
  });

  it("is promised the room of all its snapshots before the first is taken", async (t) => {
    const { bench, take, left } = await twoVolumes(t);
    const held = 8 * 1024 * 1024;
    for (const name of ["a", "b"]) fs.writeFileSync(bench.image(name), Buffer.alloc(held, 1), { flag: "r+" });
    // The volumes themselves, and one and a half of the snapshots.
    const needed = 2n * size - 2n * BigInt(held) + (3n * BigInt(held)) / 2n;
    bench.fixRoom(t, (needed * 64n) / 63n);
    await assert.rejects(take(), { kind: "no_capacity", message: /cannot take the group of snapshots/ });
    assert.deepEqual(left(), []);
  });

  it("that a crash has left in parts is shown to nobody, and goes with the next round", async (t) => {
    const { bench, start, sources, take, listed, groupsOf, left } = await twoVolumes(t);
    const [one] = (await take()).snapshots;
    assert.ok(one);
    const record = bench.files().find((name) => name === `${one.id}.json`) ?? "";
    fs.rmSync(`${bench.poolPath}/records/${record}`);
    const again = await start();
    assert.deepEqual(await listed(again), []);
    assert.equal(await groupsOf(again).get(id, signal()), undefined);
    const other = memberIdOf(id, sources.find((source) => source !== one.source) ?? one.source);
    assert.equal(await again.agent.getSnapshot(other, signal()), undefined);
    for (const unsettled of again.agent.unsettledSnapshots()) await again.agent.settleSnapshot(unsettled, signal());
    assert.deepEqual(
      left().filter((name) => !name.startsWith(one.id)),
      [],
    );
  });

  it("is whole or not there after a kill behind any change, a restart, and a repeat", async (t) => {
    for (const victim of ["take", "delete"] as const) {
      for (let changes = 1; ; changes += 1) {
        const { bench, start, started: first, groupsOf, take, listed, left } = await twoVolumes(t);
        const steps = { take, delete: async (by: Started) => groupsOf(by).delete(id, signal()) };
        let started = first;
        let wasKilled = false;
        for (const step of ["take", "delete"] as const) {
          if (step === victim) {
            bench.tree.killAfter(changes);
            wasKilled = await steps[step](started).then(
              () => false,
              () => true,
            );
            started = await start();
            const shown = (await listed(started)).length;
            assert.ok(shown === 0 || shown === 2, `${victim} killed after ${changes} changes shows ${shown}`);
          }
          await steps[step](started);
        }
        assert.deepEqual(left(), [], `${victim} killed after ${changes} changes`);
        t.mock.restoreAll();
        if (!wasKilled) break;
      }
    }
  });
});

describe("groups over several pools", () => {
  async function pools(t: TestContext) {
    const bench = await TargetBench.open(t);
    const files = (await bench.start({ pool: "files" })).agent;
    const thin = (await bench.start({ pool: "thin", Layer: TogetherLayer })).agent;
    const more = (await bench.start({ pool: "more", Layer: TogetherLayer })).agent;
    const agents = new PooledAgents(new Map(Object.entries({ files, thin, more })));
    const make = async (name: string, pool: string) => {
      await agents.create({ id: bench.id(name), name, size, pool }, signal());
      return bench.id(name);
    };
    const groups = agents.groups ?? assert.fail("a pool takes groups");
    return { bench, agents, groups, make };
  }

  it("are taken where all the volumes are, and found there again", async (t) => {
    const { groups, make } = await pools(t);
    const sources = [await make("a", "more"), await make("b", "more")];
    const taken = await groups.create({ id, name: "g", sources }, signal());
    assert.deepEqual(await groups.create({ id, name: "g", sources }, signal()), taken);
    assert.deepEqual(await groups.get(id, signal()), taken);
    await groups.delete(id, signal());
    assert.equal(await groups.get(id, signal()), undefined);
  });

  it("are refused over two pools, and in one of files", async (t) => {
    const { bench, groups, make } = await pools(t);
    const sources = [await make("a", "thin"), await make("b", "more")];
    const apart = groups.create({ id, name: "g", sources }, signal());
    await assert.rejects(apart, { kind: "precondition", message: /must all be in one pool; got \["thin","more"\]/ });
    const inFiles = groups.create({ id, name: "g", sources: [await make("c", "files")] }, signal());
    await assert.rejects(inFiles, { kind: "precondition", message: /must be a thin pool/ });
    const nowhere = groups.create({ id, name: "g", sources: [bench.id("x")] }, signal());
    await assert.rejects(nowhere, { kind: "not_found" });
  });

  it("are no ability of a target that has files alone", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    assert.equal(new PooledAgents(new Map([["default", agent]])).groups, undefined);
  });
});
