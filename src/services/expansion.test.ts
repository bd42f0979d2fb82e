import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { block, stagedBench, staging, target } from "../../test/support/node-bench.ts";

const signal = () => AbortSignal.timeout(10_000);
const size = 320n * 1024n * 1024n;
const capacity = { required: 2n * size };

describe("the node's part of growth", () => {
  it("makes the file system as large as the device, whichever path names the volume", async () => {
    for (const path of [staging, target]) {
      const { bench, volume, request } = await stagedBench();
      await bench.publishing.publish(request, signal());
      bench.enlarge(volume);
      assert.equal(await bench.expansion.expand({ volume, path, capacity }, signal()), 2n * size);
      assert.deepEqual(bench.recorder.calls.slice(-3), ["journal.update", "filesystem.grow", "journal.update"]);
      assert.equal(bench.files.entries.get(volume)?.isGrowing, false);
      assert.equal(await bench.expansion.expand({ volume, path, capacity }, signal()), 2n * size, "and again");
    }
  });

  it("waits for the device of a raw block volume, and needs nothing else", async () => {
    const { bench, volume, request } = await stagedBench(block);
    await bench.publishing.publish(request, signal());
    await assert.rejects(bench.expansion.expand({ volume, path: target, capacity }, signal()), {
      kind: "timeout",
      message: /cannot see .* grow in time: the device must have at least 671088640 bytes; got/,
    });
    bench.enlarge(volume);
    assert.equal(await bench.expansion.expand({ volume, path: target, capacity }, signal()), 2n * size);
    assert.equal(bench.recorder.count("filesystem.grow"), 0);
  });

  it("is done by the next stage when it was cut short", async () => {
    const { bench, volume } = await stagedBench();
    bench.enlarge(volume);
    bench.recorder.killAfter(1);
    await assert.rejects(bench.expansion.expand({ volume, path: staging, capacity }, signal()), /killed/);
    bench.restart();
    await bench.staging.stage(bench.request(volume, bench.publish(volume, 1)), signal());
    assert.equal(bench.recorder.count("filesystem.grow"), 1);
  });

  it("does nothing to a file system that takes no writes", async (t) => {
    const { bench, volume } = await stagedBench();
    bench.enlarge(volume);
    const readOnly = (await bench.kernel.mounts()).map((mount) => ({ ...mount, superOptions: ["ro"] }));
    t.mock.method(bench.kernel, "mounts", async () => Promise.resolve(readOnly));
    assert.equal(await bench.expansion.expand({ volume, path: staging, capacity }, signal()), 2n * size);
    assert.equal(bench.recorder.count("filesystem.grow"), 0);
  });

  it("is refused where the volume is not, when its device is gone, and for a limit below what it has", async () => {
    const { bench, volume } = await stagedBench();
    const expand = async (path: string, range: { readonly required?: bigint; readonly limit?: bigint } = capacity) =>
      bench.expansion.expand({ volume, path, capacity: range }, signal());
    await assert.rejects(expand("/elsewhere"), { kind: "not_found" });
    await assert.rejects(expand(staging, { limit: size - 1n }), { kind: "out_of_range", message: /never shrinks/ });
    bench.fence(volume);
    await assert.rejects(expand(staging), { kind: "precondition", message: /its device is gone/ });
  });

  it("makes the file system larger for others while this path has it read-only", async () => {
    const { bench, volume, request } = await stagedBench();
    await bench.publishing.publish({ ...request, readOnly: true }, signal());
    bench.enlarge(volume);
    await bench.expansion.expand({ volume, path: target, capacity }, signal());
    assert.equal(bench.recorder.count("filesystem.grow"), 1);
  });

  it("forgets nothing that was written down while it ran", async (t) => {
    const { bench, volume, request } = await stagedBench();
    bench.enlarge(volume);
    const goOn = Promise.withResolvers<undefined>();
    const grow = t.mock.method(bench.devices, "grow", async () => goOn.promise);
    const gone = new AbortController();
    const expanding = bench.expansion.expand({ volume, path: staging, capacity }, gone.signal);
    while (grow.mock.callCount() === 0) await new Promise((done) => setImmediate(done));
    gone.abort(new Error("the caller has gone"));
    await assert.rejects(expanding, /the caller has gone/);
    await bench.publishing.publish({ ...request, readOnly: true }, signal());
    goOn.resolve(undefined);
    while (bench.files.entries.get(volume)?.isGrowing !== false) await new Promise((done) => setImmediate(done));
    assert.deepEqual(bench.files.entries.get(volume)?.readOnlyTargets, [target]);
  });
});
