import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { block, stagedBench, staging, target } from "../../test/support/node-bench.ts";

const signal = () => new AbortController().signal;

describe("unstaging a volume", () => {
  it("unmounts, disconnects and forgets, in this order, and is done when repeated", async () => {
    const { bench, volume } = await stagedBench();
    const before = bench.recorder.calls.length;
    await bench.staging.unstage(volume, staging, signal());
    const steps = ["filesystem.unmount", "initiator.disconnect", "journal.remove"];
    assert.deepEqual(bench.recorder.calls.slice(before), steps);
    assert.deepEqual(await bench.leftovers(volume), []);
    await bench.staging.unstage(volume, staging, signal());
    await bench.staging.unstage(bench.volume("never seen"), staging, signal());
  });

  it("asks only once whether anything holds the device", async (t) => {
    const { bench, volume } = await stagedBench();
    const asked = t.mock.method(bench.kernel, "isReleased");
    await bench.staging.unstage(volume, staging, signal());
    assert.equal(asked.mock.callCount(), 1);
  });

  it("is finished by a repeat after a kill behind any of its steps", async () => {
    for (let steps = 1; steps <= 3; steps += 1) {
      const { bench, volume } = await stagedBench();
      bench.recorder.killAfter(steps);
      await assert.rejects(bench.staging.unstage(volume, staging, signal()), /killed/);
      bench.restart();
      await bench.staging.unstage(volume, staging, signal());
      assert.deepEqual(await bench.leftovers(volume), [], `after ${steps} steps`);
    }
  });

  it("walks every step even when nothing is mounted (F31)", async () => {
    const { bench, volume } = await stagedBench();
    await bench.kernel.unmount(staging, signal());
    await bench.staging.unstage(volume, staging, signal());
    assert.deepEqual(await bench.leftovers(volume), []);
  });

  it("walks every step even when the journal is lost", async () => {
    const { bench, volume } = await stagedBench();
    bench.files.entries.clear();
    await bench.staging.unstage(volume, staging, signal());
    assert.deepEqual(await bench.leftovers(volume), []);
  });

  it("unmounts what is left when the target has fenced this node", async () => {
    const { bench, volume } = await stagedBench();
    bench.fence(volume);
    await bench.staging.unstage(volume, staging, signal());
    assert.deepEqual(await bench.leftovers(volume), []);
  });

  it("leaves another volume that is mounted at the path as it is", async () => {
    const { bench, volume } = await stagedBench();
    const other = bench.volume("b");
    const mounts = await bench.kernel.mounts();
    await bench.staging.unstage(other, staging, signal());
    assert.deepEqual(await bench.kernel.mounts(), mounts);
    assert.ok(bench.files.entries.has(volume));
  });

  it("is busy while a pod's mount is left, names it, and keeps journal and connection (R8)", async () => {
    const { bench, volume, request: publish } = await stagedBench();
    await bench.publishing.publish(publish, signal());
    const busy = { kind: "busy", message: new RegExp(target) };
    for (const _time of ["once", "again"]) {
      await assert.rejects(bench.staging.unstage(volume, staging, signal()), busy);
      assert.equal(bench.recorder.count("initiator.disconnect"), 0);
      assert.ok(bench.files.entries.has(volume));
    }
    await bench.publishing.unpublish(volume, target, signal());
    await bench.staging.unstage(volume, staging, signal());
    assert.deepEqual(await bench.leftovers(volume), []);
  });

  it("is busy while a pod's raw block device is left", async () => {
    const { bench, volume, request: publish } = await stagedBench(block);
    await bench.publishing.publish(publish, signal());
    const busy = { kind: "busy", message: new RegExp(target) };
    await assert.rejects(bench.staging.unstage(volume, staging, signal()), busy);
    await bench.publishing.unpublish(volume, target, signal());
    await bench.staging.unstage(volume, staging, signal());
    assert.deepEqual(await bench.leftovers(volume), []);
  });

  it("is busy while something else holds the device open", async (t) => {
    const { bench, volume } = await stagedBench();
    const held = t.mock.method(bench.kernel, "isReleased", async () => Promise.resolve(false));
    await assert.rejects(bench.staging.unstage(volume, staging, signal()), { kind: "busy" });
    assert.ok(bench.files.entries.has(volume));
    held.mock.restore();
    await bench.staging.unstage(volume, staging, signal());
    assert.deepEqual(await bench.leftovers(volume), []);
  });

  it("is busy while a pod's mount is left, also when the device is gone: its file system lives on (V15)", async () => {
    const { bench, volume, request: publish } = await stagedBench();
    await bench.publishing.publish(publish, signal());
    bench.fence(volume);
    await assert.rejects(bench.staging.unstage(volume, staging, signal()), {
      kind: "busy",
      message: new RegExp(target),
    });
    assert.ok(bench.files.entries.has(volume), "only the journal still knows whose mount that is");
    await bench.publishing.unpublish(volume, target, signal());
    await bench.staging.unstage(volume, staging, signal());
    assert.deepEqual(await bench.leftovers(volume), []);
  });

  it("is not done by asking for another path than the one it is staged at", async () => {
    const { bench, volume } = await stagedBench();
    await assert.rejects(bench.staging.unstage(volume, "/kubelet/second", signal()), { kind: "busy" });
    assert.deepEqual(
      (await bench.kernel.mounts()).map(({ path }) => path),
      [staging],
    );
    assert.ok(bench.files.entries.has(volume));
  });
});
