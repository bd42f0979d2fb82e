import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { block, ext4, stagedBench, staging, target } from "../../test/support/node-bench.ts";

const signal = () => new AbortController().signal;
describe("the statistics of a volume", () => {
  it("are those of its file system, or the size of its device", async () => {
    const mounted = await stagedBench();
    const { usage, condition } = await mounted.bench.stats.of(mounted.volume, staging, signal());
    assert.deepEqual(
      usage.map(({ unit }) => unit),
      ["bytes", "inodes"],
    );
    assert.equal(condition.abnormal, false);
    const raw = await stagedBench(block);
    await raw.bench.publishing.publish(raw.request, signal());
    const size = (await raw.bench.stats.of(raw.volume, target, signal())).usage;
    assert.deepEqual(
      size.map(({ unit, total }) => [unit, total]),
      [["bytes", 320n * 1024n * 1024n]],
    );
  });

  it("are not found where the volume is not", async () => {
    const { bench, volume } = await stagedBench();
    await assert.rejects(bench.stats.of(volume, "/elsewhere", signal()), { kind: "not_found" });
    await assert.rejects(bench.stats.of(bench.volume("b"), staging, signal()), { kind: "not_found" });
  });

  it("say that the device is gone, of a file system and of a device node, instead of knowing nothing", async () => {
    for (const usage of [ext4, block]) {
      const { bench, request, volume } = await stagedBench(usage);
      await bench.publishing.publish(request, signal());
      bench.fence(volume);
      const { condition } = await bench.stats.of(volume, target, signal());
      assert.equal(condition.abnormal, true);
      assert.match(condition.message, /device is gone/);
    }
  });

  it("say that the file system takes no writes any more", async (t) => {
    const { bench, volume } = await stagedBench();
    const message = async () => (await bench.stats.of(volume, staging, signal())).condition.message;
    const mounts = await bench.kernel.mounts();
    const readOnly = mounts.map((mount) => ({ ...mount, superOptions: ["ro"] }));
    const seen = t.mock.method(bench.kernel, "mounts", async () => Promise.resolve(readOnly));
    assert.match(await message(), /turned read-only/);
    seen.mock.restore();
    t.mock.method(bench.kernel, "isShutDown", async () => Promise.resolve(true));
    assert.match(await message(), /has shut down/);
  });
});
