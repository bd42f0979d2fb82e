import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ext4, NodeBench, target, publishOf } from "../../test/support/node-bench.ts";

const signal = () => new AbortController().signal;

describe("a staged file system that has given up after an error (F30)", () => {
  it("is mounted anew, checked, by the next stage", async (t) => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    await bench.staging.stage(request, signal());
    const broken = t.mock.method(bench.kernel, "isShutDown", async () => Promise.resolve(true));
    assert.equal(await bench.staging.stage(request, signal()), "checked and mounted");
    const steps = ["filesystem.unmount", "journal.save", "initiator.connect", "journal.save", "filesystem.check"];
    assert.deepEqual(bench.recorder.calls.slice(-6), [...steps, "filesystem.mount"]);
    broken.mock.restore();
    assert.equal(await bench.staging.stage(request, signal()), "already staged");
  });

  it("is left as it is while a pod uses it", async (t) => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    await bench.staging.stage(request, signal());
    const publish = publishOf(volume, ext4);
    await bench.publishing.publish(publish, signal());
    t.mock.method(bench.kernel, "isShutDown", async () => Promise.resolve(true));
    const before = await bench.kernel.mounts();
    const refusal = { kind: "precondition", message: new RegExp(`end the pods that use it here.*${target}`) };
    await assert.rejects(bench.staging.stage(request, signal()), refusal);
    assert.deepEqual(await bench.kernel.mounts(), before);
  });
});
