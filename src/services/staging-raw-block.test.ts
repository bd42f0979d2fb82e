import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { block, NodeBench, staging, target, publishOf } from "../../test/support/node-bench.ts";

const signal = () => new AbortController().signal;

describe("staging a volume as raw block", () => {
  it("connects a raw block volume, and neither looks at it nor formats it", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1), { usage: block });
    assert.equal(await bench.staging.stage(request, signal()), "connected");
    const steps = ["journal.save", "initiator.connect", "journal.save", "marks.add", "journal.save"];
    assert.deepEqual(bench.recorder.calls, steps);
    assert.equal(await bench.staging.stage(request, signal()), "already staged");
  });

  it("erases the format intent that a cut-off mkfs has left, before a pod can write", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const attachment = bench.publish(volume, 1);
    bench.recorder.killAfter(6);
    await assert.rejects(bench.staging.stage(bench.request(volume, attachment), signal()), /killed/);
    bench.restart();
    await bench.staging.unstage(volume, staging, signal());
    const raw = bench.request(volume, attachment, { usage: block });
    await bench.staging.stage(raw, signal());
    assert.ok(bench.recorder.first("filesystem.eraseIntent") > bench.recorder.first("filesystem.make"));
    await bench.staging.unstage(volume, staging, signal());
    bench.formatted.marked.clear();
    // What mkfs had made by then looks whole here, and is checked; nothing is made any more.
    assert.equal(await bench.staging.stage(bench.request(volume, attachment), signal()), "checked and mounted");
    assert.equal(bench.recorder.count("filesystem.make"), 1);
  });

  it("leaves a format intent alone where other nodes may write, and stages nothing until it is gone", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const attachment = bench.publish(volume, 1);
    bench.recorder.killAfter(6);
    await assert.rejects(bench.staging.stage(bench.request(volume, attachment), signal()), /killed/);
    bench.restart();
    await bench.staging.unstage(volume, staging, signal());
    const among = bench.request(volume, { ...attachment, sharing: "writers" }, { usage: block });
    const refusal = { kind: "precondition", message: /while one node alone has it/ };
    await assert.rejects(bench.staging.stage(among, signal()), refusal);
    assert.equal(bench.recorder.count("filesystem.eraseIntent"), 0);
    assert.deepEqual(await bench.leftovers(volume), []);
    await bench.staging.stage(bench.request(volume, attachment, { usage: block }), signal());
    await bench.staging.unstage(volume, staging, signal());
    assert.equal(await bench.staging.stage(among, signal()), "connected");
  });

  it("is all that several writers get, whatever a request calls it", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const attachment = { ...bench.publish(volume, 1), sharing: "writers" } as const;
    const refusal = { kind: "precondition", message: /several nodes may write is raw block; got "filesystem"/ };
    await assert.rejects(bench.staging.stage(bench.request(volume, attachment), signal()), refusal);
    assert.equal(bench.recorder.count("initiator.connect"), 0);
    assert.deepEqual(await bench.leftovers(volume), []);
  });

  it("finishes a raw block stage that was killed behind any of its steps: no later stage takes it for blank", async () => {
    for (let steps = 1; steps <= 5; steps += 1) {
      const bench = new NodeBench();
      const volume = bench.volume("a");
      const request = bench.request(volume, bench.publish(volume, 1), { usage: block });
      bench.recorder.killAfter(steps);
      await assert.rejects(bench.staging.stage(request, signal()), /killed/, `after ${steps} steps`);
      bench.restart();
      const publish = publishOf(volume, block);
      if (steps < 5) await assert.rejects(bench.publishing.publish(publish, signal()), { kind: "precondition" });
      await bench.staging.stage(request, signal());
      assert.equal(bench.formatted.marked.get(volume), 1, `after ${steps} steps`);
      await bench.publishing.publish(publish, signal());
      await bench.publishing.unpublish(volume, target, signal());
      await bench.staging.unstage(volume, staging, signal());
      assert.deepEqual(await bench.leftovers(volume), [], `after ${steps} steps`);
    }
  });

  it("knows the dead bind of an earlier epoch also when the stage of the next one was killed half-way", async () => {
    for (let steps = 1; steps <= 5; steps += 1) {
      const bench = new NodeBench();
      const volume = bench.volume("a");
      const first = bench.request(volume, bench.publish(volume, 1), { usage: block });
      await bench.staging.stage(first, signal());
      const publish = publishOf(volume, block);
      await bench.publishing.publish(publish, signal());
      bench.fence(volume);
      assert.match((await bench.kernel.mounts())[0]?.root ?? "", /deleted/);
      const second = bench.request(volume, bench.publish(volume, 2), { usage: block });
      bench.recorder.killAfter(steps);
      await assert.rejects(bench.staging.stage(second, signal()), /killed/);
      bench.restart();
      await bench.staging.stage(second, signal());
      await bench.publishing.unpublish(volume, target, signal());
      await bench.staging.unstage(volume, staging, signal());
      assert.deepEqual(await bench.leftovers(volume), [], `after ${steps} steps`);
    }
  });

  it("never formats a volume that was raw block in the same publication: a pod may have written anywhere", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    await bench.staging.stage({ ...request, usage: { kind: "block" } }, signal());
    await bench.staging.unstage(volume, staging, signal());
    await assert.rejects(bench.staging.stage(request, signal()), { kind: "precondition" });
    assert.equal(bench.recorder.count("filesystem.make"), 0);
  });

  it("refuses to stage as a file system what is staged at the same path as raw block", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    await bench.staging.stage({ ...request, usage: block }, signal());
    await assert.rejects(bench.staging.stage(request, signal()), { kind: "already_exists", message: /as block/ });
    assert.equal(bench.recorder.count("initiator.disconnect"), 0);
    assert.equal(bench.files.entries.get(volume)?.usage, "block");
  });
});
