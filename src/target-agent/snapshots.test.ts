import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { describe, it, type TestContext } from "node:test";
import { size, TargetBench, type Started } from "../../test/support/target-bench.ts";
import { encodeIntent, intentOffset } from "../domain/format-intent.ts";
import type { VolumeSource } from "../domain/model.ts";

const signal = () => new AbortController().signal;
const access = "read-write" as const;

/** A volume that holds a text, and what a test needs to copy it. */
async function withData(t: TestContext) {
  const bench = await TargetBench.open(t);
  const started = await bench.start();
  const [volume, snapshot] = [bench.id("a"), bench.snapshotId("s")];
  await started.agent.create({ id: volume, name: "a", size }, signal());
  write(bench, "a", "before");
  const take = async ({ agent }: Started = started) =>
    agent.createSnapshot({ id: snapshot, name: "s", source: volume }, signal());
  const copy = async (name: string, source: VolumeSource, bytes = size, { agent }: Started = started) =>
    agent.create({ id: bench.id(name), name, size: bytes, source }, signal());
  const fromSnapshot = { kind: "snapshot", id: snapshot } as const;
  return { bench, ...started, started, volume, snapshot, take, copy, fromSnapshot };
}

function write(bench: TargetBench, name: string, text: string): void {
  const file = fs.openSync(bench.image(name), "r+");
  fs.writeSync(file, text);
  fs.closeSync(file);
}

function read(bench: TargetBench, name: string): string {
  return fs.readFileSync(bench.image(name)).toString("latin1", 0, 6);
}

describe("a snapshot", () => {
  it("keeps what the volume held, and outlives it", async (t) => {
    const { bench, agent, volume, take, copy, fromSnapshot, snapshot } = await withData(t);
    const taken = await take();
    assert.deepEqual([taken.source, taken.size, taken.name], [volume, size, "s"]);
    write(bench, "a", "after!");
    assert.deepEqual(await take(), taken, "a repeat is the same snapshot");
    await agent.delete(volume, signal());
    const restored = await copy("b", fromSnapshot);
    assert.deepEqual([read(bench, "b"), restored.content.state, restored.source], ["before", "present", fromSnapshot]);
    for (const _time of ["once", "again"]) await agent.deleteSnapshot(snapshot, signal());
    assert.equal(read(bench, "b"), "before");
    assert.deepEqual(await copy("b", fromSnapshot), restored, "a repeat needs no source");
    await agent.delete(bench.id("b"), signal());
    assert.deepEqual(bench.files(), []);
  });

  it("is one of one volume", async (t) => {
    const { bench, agent, take, snapshot } = await withData(t);
    await take();
    const other = bench.id("b");
    await agent.create({ id: other, name: "b", size }, signal());
    const again = agent.createSnapshot({ id: snapshot, name: "s", source: other }, signal());
    await assert.rejects(again, { kind: "already_exists" });
  });

  it("is refused of a volume that is not there, and where the pool has no room for what the volume holds", async (t) => {
    const { bench, agent, take, volume } = await withData(t);
    const unknown = agent.createSnapshot({ id: bench.snapshotId("x"), name: "x", source: bench.id("x") }, signal());
    await assert.rejects(unknown, { kind: "not_found" });
    fs.writeFileSync(bench.image("a"), Buffer.alloc(8 * 1024 * 1024, 1), { flag: "r+" });
    bench.fixRoom(t, size);
    await assert.rejects(take(), { kind: "no_capacity", message: /cannot take the snapshot/ });
    assert.equal((await agent.get(volume, signal()))?.condition.abnormal, false);
    assert.ok(!bench.files().some((name) => name.startsWith("s1-")));
  });

  it("is promised its room before it is taken, also beside another one", async (t) => {
    const { bench, agent } = await withData(t);
    const half = 8 * 1024 * 1024;
    for (const name of ["c", "d"]) {
      await agent.create({ id: bench.id(name), name, size }, signal());
      fs.writeFileSync(bench.image(name), Buffer.alloc(half, 1), { flag: "r+" });
    }
    // Three volumes, and one of the two snapshots.
    const needed = 3n * size - 2n * BigInt(half) + BigInt(half) + BigInt(half) / 2n;
    bench.fixRoom(t, (needed * 64n) / 63n);
    const takes = ["c", "d"].map(async (name) => {
      const spec = { id: bench.snapshotId(name), name, source: bench.id(name) };
      return agent.createSnapshot(spec, signal());
    });
    const outcomes = (await Promise.allSettled(takes)).map(({ status }) => status);
    assert.deepEqual(outcomes.toSorted(), ["fulfilled", "rejected"]);
  });

  it("is not taken while a file system is being made on its volume, and neither is a copy", async (t) => {
    const { bench, agent, take, copy, volume } = await withData(t);
    const time = new Date().toISOString();
    const block = encodeIntent({ volume, type: "ext4", node: "node-a", time });
    const file = fs.openSync(bench.image("a"), "r+");
    fs.writeSync(file, block, 0, block.length, Number(intentOffset(size)));
    fs.closeSync(file);
    bench.blockAt = (offset) => (offset === intentOffset(size) ? block : undefined);
    const refusal = { kind: "precondition", message: /file system is being made/ };
    await assert.rejects(take(), refusal);
    await assert.rejects(copy("b", { kind: "volume", id: volume }), refusal);
    assert.equal(bench.files().length, 2, "nothing but the volume and its record");
    bench.blockAt = () => undefined;
    await take();
    assert.equal((await agent.listSnapshots(undefined, {}, signal())).items.length, 1);
  });

  it("leaves nothing behind, and no half of a copy, after a kill behind any change, a restart, and a repeat", async (t) => {
    for (const victim of ["take", "copy", "delete"] as const) {
      for (let changes = 1; ; changes += 1) {
        const all = await withData(t);
        const { bench, volume, snapshot } = all;
        const steps = {
          take: async (started: Started) => all.take(started),
          copy: async (started: Started) => all.copy("b", all.fromSnapshot, size, started),
          delete: async ({ agent }: Started) => agent.deleteSnapshot(snapshot, signal()),
        };
        let { started } = all;
        let wasKilled = false;
        for (const step of ["take", "copy", "delete"] as const) {
          if (step === victim) {
            bench.tree.killAfter(changes);
            wasKilled = await steps[step](started).then(
              () => false,
              () => true,
            );
            started = await bench.start();
          }
          await steps[step](started);
        }
        const where = `${victim} killed after ${changes} changes: ${bench.tree.calls.join("\n")}`;
        assert.equal(read(bench, "b"), "before", where);
        for (const id of [volume, bench.id("b")]) await started.agent.delete(id, signal());
        assert.deepEqual(bench.files(), [], where);
        t.mock.restoreAll();
        if (!wasKilled) break;
      }
    }
  });
});

describe("a volume that is a copy", () => {
  it("may be larger than its source, never smaller, and is published with its own size", async (t) => {
    const { bench, agent, volume, copy } = await withData(t);
    await agent.expand(volume, 2n * size, signal());
    const source = { kind: "volume", id: volume } as const;
    await assert.rejects(copy("b", source, size), { kind: "out_of_range", message: /at least the 671088640 bytes/ });
    await copy("c", source, 3n * size);
    const attachment = await agent.publish(bench.id("c"), { node: bench.node("node-a"), access }, signal());
    assert.deepEqual([attachment.size, attachment.content.state], [3n * size, "present"]);
  });

  it("of a blank volume is blank: nothing of a mkfs can be on it", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    await agent.create({ id: bench.id("a"), name: "a", size }, signal());
    const source = { kind: "volume", id: bench.id("a") } as const;
    const made = await agent.create({ id: bench.id("b"), name: "b", size: 2n * size, source }, signal());
    assert.equal(made.content.state, "blank");
    const attachment = await agent.publish(bench.id("b"), { node: bench.node("node-a"), access }, signal());
    assert.deepEqual(attachment.blankSizes, [2n * size]);
  });

  it("is kept though its caller has gone, and leaves nothing when it cannot be looked at", async (t) => {
    const { bench, agent, take, fromSnapshot } = await withData(t);
    await take();
    const asked = { id: bench.id("b"), name: "b", size, source: fromSnapshot };
    const leaving = new AbortController();
    const link = fs.promises.copyFile;
    t.mock.method(fs.promises, "copyFile", async (...args: Parameters<typeof link>) => {
      await link(...args);
      leaving.abort(new Error("the caller has gone"));
    });
    syncBuiltinESMExports();
    const made = await agent.create(asked, leaving.signal);
    assert.deepEqual(await agent.create(asked, signal()), made);
    await agent.delete(bench.id("b"), signal());
    bench.blkidStatus = 1;
    await assert.rejects(agent.create(asked, signal()), /blkid/);
    assert.ok(!bench.files().some((name) => name.startsWith(bench.id("b"))), bench.files().join(" "));
    bench.blkidStatus = 2;
    assert.equal((await agent.create(asked, signal())).content.state, "present");
  });

  it("is another volume than one of its name with another source, or without one", async (t) => {
    const { volume, take, copy, fromSnapshot } = await withData(t);
    await take();
    await copy("b", fromSnapshot);
    const other = { kind: "volume", id: volume } as const;
    await assert.rejects(copy("b", other), { kind: "already_exists", message: /copy of s1-/ });
  });

  it("of each other, asked for at once, keeps neither waiting for ever", async (t) => {
    const { bench, copy, volume } = await withData(t);
    const [one, two] = await Promise.allSettled([
      copy("b", { kind: "volume", id: bench.id("c") }),
      copy("c", { kind: "volume", id: bench.id("b") }),
    ]);
    assert.deepEqual([one.status, two.status], ["rejected", "rejected"]);
    await copy("b", { kind: "volume", id: volume });
  });
});
