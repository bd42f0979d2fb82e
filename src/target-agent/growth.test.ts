import assert from "node:assert/strict";
import fs from "node:fs";
import { describe, it } from "node:test";
import { size, TargetBench } from "../../test/support/target-bench.ts";
import { encodeIntent, intentOffset } from "../domain/format-intent.ts";

const signal = () => new AbortController().signal;
const access = "read-write" as const;
const larger = 2n * size;

async function withVolume(t: Parameters<typeof TargetBench.open>[0], isPublished: boolean) {
  const bench = await TargetBench.open(t);
  const { agent } = await bench.start();
  const [id, node] = [bench.id("a"), bench.node("node-a")];
  await agent.create({ id, name: "a", size }, signal());
  if (isPublished) await agent.publish(id, { node, access }, signal());
  return { bench, agent, id, node };
}

describe("a volume that is made larger", () => {
  it("has the new size, keeps its file, and is published with it", async (t) => {
    const { bench, agent, id, node } = await withVolume(t, false);
    const { ino } = fs.statSync(bench.image("a"));
    for (const _time of ["once", "again"]) assert.equal((await agent.expand(id, larger, signal())).size, larger);
    assert.equal(fs.statSync(bench.image("a"), { bigint: true }).size, larger);
    assert.equal(fs.statSync(bench.image("a")).ino, ino);
    const attachment = await agent.publish(id, { node, access }, signal());
    assert.deepEqual([attachment.size, attachment.blankSizes], [larger, [larger]]);
  });

  it("tells its hosts, also when that had failed the first time, and keeps the sizes at which a mkfs may have begun", async (t) => {
    const { bench, agent, id, node } = await withVolume(t, true);
    const told = () => bench.tree.calls.filter((call) => call.endsWith("/revalidate_size")).length;
    await agent.expand(id, larger, signal());
    assert.equal(told(), 1);
    await agent.expand(id, larger, signal());
    assert.equal(told(), 2);
    const attachment = await agent.publish(id, { node, access }, signal());
    assert.deepEqual(attachment.blankSizes, [size, larger]);
  });

  it("never becomes smaller", async (t) => {
    const { bench, agent, id } = await withVolume(t, false);
    await agent.expand(id, larger, signal());
    assert.equal((await agent.expand(id, size, signal())).size, larger);
    assert.equal(fs.statSync(bench.image("a"), { bigint: true }).size, larger);
  });

  it("stays as it is where the pool has no room, and takes the room that it is promised", async (t) => {
    const { bench, agent, id } = await withVolume(t, false);
    bench.fixRoom(t, 8n * size);
    const available = await agent.room(signal());
    const tooLarge = size + available + 4n * 1024n * 1024n;
    await assert.rejects(agent.expand(id, tooLarge, signal()), { kind: "no_capacity", message: /cannot grow/ });
    assert.equal(fs.statSync(bench.image("a"), { bigint: true }).size, size);
    await agent.expand(id, larger, signal());
    assert.ok((await agent.room(signal())) <= available - size);
  });

  it("has one size or the other after a kill behind any change, is exported with it, and has the new one after a repeat", async (t) => {
    for (let changes = 1; ; changes += 1) {
      const { bench, agent, id, node } = await withVolume(t, true);
      bench.tree.killAfter(changes);
      const wasKilled = await agent.expand(id, larger, signal()).then(
        () => false,
        () => true,
      );
      const { agent: next } = await bench.start();
      const where = `after ${changes} changes: ${bench.tree.calls.join("\n")}`;
      const found = await next.get(id, signal());
      assert.equal(found?.condition.abnormal, false, where);
      assert.equal(found.size, fs.statSync(bench.image("a"), { bigint: true }).size, where);
      const attachment = await next.publish(id, { node, access }, signal());
      assert.equal(attachment.size, found.size, where);
      assert.equal((await next.expand(id, larger, signal())).size, larger, where);
      t.mock.restoreAll();
      if (!wasKilled) break;
    }
  });

  it("is not found when it is not there", async (t) => {
    const { bench, agent } = await withVolume(t, false);
    await assert.rejects(agent.expand(bench.id("b"), larger, signal()), { kind: "not_found" });
  });

  it("is refused when a mkfs may have begun at too many sizes", async (t) => {
    const { agent, id } = await withVolume(t, true);
    const step = 4n * 1024n * 1024n;
    for (let times = 1n; times < 100n; times += 1n) await agent.expand(id, size + times * step, signal());
    await assert.rejects(agent.expand(id, 4n * size, signal()), { kind: "precondition", message: /grows at most 100/ });
  });

  it("keeps no more sizes than a context has room for, once it holds content", async (t) => {
    const { bench, agent, id, node } = await withVolume(t, true);
    fs.writeFileSync(bench.image("a"), "data", { flag: "r+" });
    const step = 4n * 1024n * 1024n;
    for (let times = 1n; times <= 130n; times += 1n) await agent.expand(id, size + times * step, signal());
    const { blankSizes } = await agent.publish(id, { node, access }, signal());
    assert.ok(blankSizes.length <= 100 && blankSizes.includes(size + 130n * step), `${blankSizes.length} sizes`);
  });

  it("waits while a file system is being made on it", async (t) => {
    const { bench, agent, id } = await withVolume(t, true);
    const block = encodeIntent({ volume: id, type: "ext4", node: "node-a", time: new Date().toISOString() });
    bench.blockAt = (offset) => (offset === intentOffset(size) ? block : undefined);
    await assert.rejects(agent.expand(id, larger, signal()), { kind: "unavailable", message: /is being made on it/ });
    bench.blockAt = () => undefined;
    assert.equal((await agent.expand(id, larger, signal())).size, larger);
  });

  it("keeps the old size too while the fence of its last host is not proven", async (t) => {
    const { bench, agent, id, node } = await withVolume(t, true);
    // Behind the record, which says that the fence has begun.
    bench.tree.killAfter(2);
    await assert.rejects(agent.unpublish(id, node, signal()), /killed/);
    bench.tree.revive();
    await agent.expand(id, larger, signal());
    const { blankSizes } = await agent.publish(id, { node, access }, signal());
    assert.deepEqual(blankSizes, [size, larger]);
  });

  it("is copied with the size it has, when its growth was cut short without an end of the process", async (t) => {
    for (let changes = 1; ; changes += 1) {
      const { bench, agent, id } = await withVolume(t, false);
      bench.tree.killAfter(changes);
      const wasKilled = await agent.expand(id, larger, signal()).then(
        () => false,
        () => true,
      );
      bench.tree.revive();
      const taken = await agent.createSnapshot({ id: bench.snapshotId("s"), name: "s", source: id }, signal());
      assert.equal(taken.size, fs.statSync(bench.image("a"), { bigint: true }).size, `after ${changes} changes`);
      t.mock.restoreAll();
      if (!wasKilled) break;
    }
  });
});
