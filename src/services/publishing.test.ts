import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { block, ext4, NodeBench, stagedBench, staging, target, publishOf } from "../../test/support/node-bench.ts";

const signal = () => new AbortController().signal;
const atTarget = async (bench: NodeBench) => (await bench.kernel.mounts()).filter(({ path }) => path === target);

describe("publishing a staged volume", () => {
  it("makes it visible at the pod's path once, however often it is asked", async () => {
    const { bench, request } = await stagedBench();
    for (const _time of ["once", "again"]) await bench.publishing.publish(request, signal());
    const mounts = await atTarget(bench);
    assert.equal(mounts.length, 1);
    assert.ok(mounts[0]?.options.includes("rw"));
    assert.equal(bench.directories.made.get(target), "directory");
    assert.equal(bench.recorder.count("filesystem.bind"), 1);
  });

  it("is read-only when asked for, and not both", async () => {
    const { bench, request } = await stagedBench();
    await bench.publishing.publish({ ...request, readOnly: true }, signal());
    assert.ok((await atTarget(bench))[0]?.options.includes("ro"));
    await assert.rejects(bench.publishing.publish(request, signal()), {
      kind: "already_exists",
      message: /: readonly must be true: it is published there read-only already; got false$/,
    });
  });

  it("is finished as read-only after a kill between its two steps, and a writable one is never made so", async () => {
    const { bench, request, volume } = await stagedBench();
    const readOnly = { ...request, readOnly: true };
    bench.recorder.killAfter(2);
    await assert.rejects(bench.publishing.publish(readOnly, signal()), /killed/);
    assert.deepEqual(bench.files.entries.get(volume)?.readOnlyTargets, [target], "written down before the bind");
    bench.restart();
    // The kernel's two steps: the bind is there, and it is not read-only yet.
    await bench.kernel.bind({ source: staging, target, readOnly: false }, signal());
    await assert.rejects(bench.publishing.publish(request, signal()), { kind: "already_exists" });
    await bench.publishing.publish(readOnly, signal());
    assert.ok((await atTarget(bench))[0]?.options.includes("ro"));
    await bench.publishing.unpublish(volume, target, signal());
    assert.deepEqual(bench.files.entries.get(volume)?.readOnlyTargets, []);
    await bench.publishing.publish(request, signal());
    await assert.rejects(bench.publishing.publish(readOnly, signal()), { kind: "already_exists" });
  });

  it("binds the device of a raw block volume on a file", async () => {
    const { bench, request } = await stagedBench(block);
    for (const _time of ["once", "again"]) await bench.publishing.publish(request, signal());
    const [mount] = await atTarget(bench);
    assert.equal(mount?.type, "devtmpfs");
    assert.equal(bench.directories.made.get(target), "file");
  });

  it("binds a raw block volume read-only where asked, and refuses to change that in place", async () => {
    const { bench, request } = await stagedBench(block);
    for (const _time of ["once", "again"]) await bench.publishing.publish({ ...request, readOnly: true }, signal());
    assert.deepEqual((await atTarget(bench))[0]?.options, ["ro"]);
    await assert.rejects(bench.publishing.publish(request, signal()), { kind: "already_exists" });
  });

  it("is finished by a repeat after a kill behind any of its steps", async () => {
    for (let steps = 1; steps <= 2; steps += 1) {
      const { bench, request } = await stagedBench();
      bench.recorder.killAfter(steps);
      await assert.rejects(bench.publishing.publish(request, signal()), /killed/);
      bench.restart();
      await bench.publishing.publish(request, signal());
      assert.equal((await atTarget(bench)).length, 1);
    }
  });
});

describe("publishing what is not ready", () => {
  it("is refused before a stage, and touches nothing: data would go to the root disk (F28)", async () => {
    for (const usage of [ext4, block]) {
      const bench = new NodeBench();
      const volume = bench.volume("a");
      bench.publish(volume, 1);
      const request = publishOf(volume, usage);
      await assert.rejects(bench.publishing.publish(request, signal()), { kind: "precondition", message: /staged/ });
      assert.deepEqual(bench.recorder.calls, []);
    }
  });

  it("is refused when the staging path is not mounted, or shows another volume", async () => {
    const { bench, request } = await stagedBench();
    await bench.kernel.unmount(staging, signal());
    await assert.rejects(bench.publishing.publish(request, signal()), { kind: "precondition" });
    const other = bench.volume("b");
    await bench.staging.stage(bench.request(other, bench.publish(other, 1)), signal());
    await assert.rejects(bench.publishing.publish(request, signal()), {
      kind: "precondition",
      message: /must be the mount/,
    });
    assert.deepEqual(await atTarget(bench), []);
  });

  it("is refused from another staging path than the one it is staged at", async () => {
    const { bench, request } = await stagedBench();
    const elsewhere = { ...request, stagingPath: "/kubelet/second" };
    await assert.rejects(bench.publishing.publish(elsewhere, signal()), { kind: "precondition" });
  });

  it("is refused when the device is gone", async () => {
    const { bench, request, volume } = await stagedBench();
    bench.fence(volume);
    await assert.rejects(bench.publishing.publish(request, signal()), { kind: "precondition" });
  });

  it("is refused as a device when it is staged as a file system, and the other way round", async () => {
    const mounted = await stagedBench();
    const asBlock = mounted.bench.publishing.publish({ ...mounted.request, usage: block }, signal());
    await assert.rejects(asBlock, { kind: "precondition" });
    assert.deepEqual(await atTarget(mounted.bench), []);
    const raw = await stagedBench(block);
    await assert.rejects(raw.bench.publishing.publish({ ...raw.request, usage: ext4 }, signal()), {
      kind: "precondition",
    });
  });

  it("is refused for writing when the file system has turned read-only (F30)", async (t) => {
    const { bench, request } = await stagedBench();
    const mounts = (await bench.kernel.mounts()).map((mount) => ({ ...mount, superOptions: ["ro"] }));
    t.mock.method(bench.kernel, "mounts", async () => Promise.resolve(mounts));
    await assert.rejects(bench.publishing.publish(request, signal()), { kind: "precondition", message: /no writes/ });
  });

  it("is refused when the file system has shut down (F30)", async (t) => {
    const { bench, request } = await stagedBench();
    t.mock.method(bench.kernel, "isShutDown", async () => Promise.resolve(true));
    for (const readOnly of [false, true]) {
      const work = bench.publishing.publish({ ...request, readOnly }, signal());
      await assert.rejects(work, { kind: "precondition", message: /no writes/ });
    }
  });

  it("is refused at a path where another volume is mounted, which stays", async () => {
    const { bench, request } = await stagedBench();
    const other = bench.volume("b");
    bench.directories.made.set(target, "directory");
    await bench.staging.stage(bench.request(other, bench.publish(other, 1), { stagingPath: target }), signal());
    const before = await atTarget(bench);
    await assert.rejects(bench.publishing.publish(request, signal()), {
      kind: "precondition",
      message: /nothing else/,
    });
    assert.deepEqual(await atTarget(bench), before);
  });
});

describe("unpublishing", () => {
  it("unmounts, then removes the path, and is done when repeated", async () => {
    for (const usage of [ext4, block]) {
      const { bench, request, volume } = await stagedBench(usage);
      await bench.publishing.publish(request, signal());
      const before = bench.recorder.calls.length;
      for (const _time of ["once", "again"]) await bench.publishing.unpublish(volume, target, signal());
      assert.deepEqual(bench.recorder.calls.slice(before, before + 2), ["filesystem.unmount", "paths.removeTarget"]);
      assert.deepEqual(await atTarget(bench), []);
      assert.equal(bench.directories.made.has(target), false);
      assert.equal((await bench.kernel.mounts()).length, usage === ext4 ? 1 : 0, "the stage is not touched");
    }
  });

  it("leaves another volume that is mounted at the path, and the path, as they are", async () => {
    const { bench, request } = await stagedBench();
    await bench.publishing.publish(request, signal());
    const mounts = await bench.kernel.mounts();
    await bench.publishing.unpublish(bench.volume("b"), target, signal());
    assert.deepEqual(await bench.kernel.mounts(), mounts);
    assert.ok(bench.directories.made.has(target));
  });

  it("works when the device is gone (F35)", async () => {
    const { bench, request, volume } = await stagedBench();
    await bench.publishing.publish(request, signal());
    bench.fence(volume);
    await bench.publishing.unpublish(volume, target, signal());
    assert.deepEqual(await atTarget(bench), []);
  });

  it("works for a raw block device that is gone (F36)", async () => {
    const { bench, request, volume } = await stagedBench(block);
    await bench.publishing.publish(request, signal());
    bench.fence(volume);
    await bench.publishing.unpublish(volume, target, signal());
    assert.deepEqual(await atTarget(bench), []);
    assert.equal(bench.directories.made.has(target), false);
  });

  it("works for the mount of an earlier epoch after the volume was staged anew", async () => {
    const { bench, request, volume } = await stagedBench();
    await bench.publishing.publish(request, signal());
    // The dead device keeps its number for as long as the pod's mount holds it; the new one has another.
    bench.fence(volume);
    bench.replaceBacking(volume);
    await bench.staging.stage(bench.request(volume, bench.publish(volume, 2)), signal());
    await bench.publishing.unpublish(volume, target, signal());
    assert.deepEqual(await atTarget(bench), []);
  });
});
