import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { block, ext4, NodeBench, staging, publishOf } from "../../test/support/node-bench.ts";

const present = { state: "present", type: "ext4" } as const;
const signal = () => new AbortController().signal;

describe("staging a volume", () => {
  it("writes the journal, connects, formats once, marks it, and mounts, in this order", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    assert.equal(
      await bench.staging.stage(bench.request(volume, bench.publish(volume, 1)), signal()),
      "formatted and mounted",
    );
    assert.deepEqual(bench.recorder.calls, [
      "journal.save",
      "initiator.connect",
      "journal.save",
      "marks.begin",
      "filesystem.putIntent",
      "filesystem.make",
      "filesystem.eraseIntent",
      "marks.add",
      "filesystem.mount",
    ]);
    const entry = bench.files.entries.get(volume);
    assert.equal(bench.formatted.marked.get(volume), 1);
    assert.equal(entry?.epoch, 1);
    assert.equal(entry.stagingPath, staging);
    assert.equal(entry.devices.length, 1);
  });

  it("has what will hold the device start while it connects, and while it unmounts", async (t) => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const { calls } = bench.recorder;
    t.mock.method(bench.kernel, "anticipate", () => calls.push("anticipate"));
    await bench.staging.stage(bench.request(volume, bench.publish(volume, 1)), signal());
    assert.deepEqual(calls.splice(0).slice(0, 3), ["anticipate", "journal.save", "initiator.connect"]);
    for (const expected of [["anticipate", "filesystem.unmount"], ["initiator.disconnect"]]) {
      await bench.staging.unstage(volume, staging, signal());
      assert.deepEqual(calls.splice(0).slice(0, expected.length), expected, "nothing starts for what is not there");
    }
  });

  it("changes nothing when it is repeated", async () => {
    const bench = new NodeBench();
    const request = bench.request(bench.volume("a"), bench.publish(bench.volume("a"), 1));
    await bench.staging.stage(request, signal());
    const before = bench.recorder.calls.length;
    bench.restart();
    assert.equal(await bench.staging.stage(request, signal()), "already staged");
    assert.equal(bench.recorder.calls.length, before);
  });

  it("is refused where there is no directory, before anything is done", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1), { stagingPath: "/nowhere" });
    await assert.rejects(bench.staging.stage(request, signal()), { kind: "precondition", message: /\/nowhere/ });
    assert.deepEqual(bench.recorder.calls, []);
  });

  it("checks instead of formatting the second time", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    await bench.staging.stage(request, signal());
    await bench.staging.unstage(volume, staging, signal());
    assert.equal(await bench.staging.stage(request, signal()), "checked and mounted");
    assert.equal(bench.recorder.count("filesystem.make"), 1);
    const last = bench.recorder.calls.slice(-2);
    assert.deepEqual(last, ["filesystem.check", "filesystem.mount"]);
  });

  it("is finished by a repeat after a kill behind any of its steps, and formats twice only under an intent", async () => {
    for (let steps = 1; steps <= 9; steps += 1) {
      const bench = new NodeBench();
      const volume = bench.volume("a");
      const request = bench.request(volume, bench.publish(volume, 1));
      bench.recorder.killAfter(steps);
      await assert.rejects(bench.staging.stage(request, signal()), /killed/, `after ${steps} steps`);
      const wasMade = bench.recorder.count("filesystem.make") > 0;
      const wasAnnounced = bench.recorder.count("filesystem.eraseIntent") === 0;
      bench.restart();
      await bench.staging.stage(request, signal());
      const expected = wasMade && wasAnnounced ? 2 : 1;
      assert.equal(bench.recorder.count("filesystem.make"), expected, `after ${steps} steps`);
      assert.equal(bench.recorder.count("filesystem.putIntent"), 1, `after ${steps} steps`);
      assert.deepEqual(
        (await bench.kernel.mounts()).map(({ path }) => path),
        [staging],
      );
      await bench.staging.unstage(volume, staging, signal());
      assert.deepEqual(await bench.leftovers(volume), [], `after ${steps} steps`);
    }
  });

  it("has no side effect, the journal included, when the staging path is no directory", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1), { stagingPath: "/kubelet/missing" });
    await assert.rejects(bench.staging.stage(request, signal()), { kind: "precondition" });
    assert.deepEqual(bench.recorder.calls, []);
  });

  it("is unavailable while the target does not serve this node, and leaves what an unstage needs", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    bench.fence(volume);
    await assert.rejects(bench.staging.stage(request, signal()), { kind: "unavailable" });
    assert.ok(bench.files.entries.has(volume));
    await bench.staging.unstage(volume, staging, signal());
    assert.deepEqual(await bench.leftovers(volume), []);
  });
});

describe("staging a volume whose content is not as expected", () => {
  it("refuses to format what the target knows to hold data", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1, present));
    await assert.rejects(bench.staging.stage(request, signal()), { kind: "precondition", message: /ext4/ });
    assert.equal(bench.recorder.count("filesystem.make"), 0);
    assert.deepEqual(await bench.leftovers(volume), [], "nobody unstages what was refused for good");
  });

  it("refuses to format again under the epoch in which this node formatted, whatever the context says (gate e)", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    bench.recorder.killAfter(bench.recorder.calls.length + 8);
    await assert.rejects(bench.staging.stage(request, signal()), /killed/);
    bench.restart();
    bench.replaceBacking(volume);
    await assert.rejects(bench.staging.stage(request, signal()), { kind: "precondition", message: /lost/ });
    assert.equal(bench.recorder.count("filesystem.make"), 1);
  });

  it("is not refused for good while something uses the device: somebody has to unstage it", async (t) => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    t.mock.method(bench.kernel, "isReleased", async () => Promise.resolve(false));
    await assert.rejects(bench.staging.stage(bench.request(volume, bench.publish(volume, 1, present)), signal()), {
      kind: "unavailable",
      message: /ext4.*still there.*nothing may use/,
    });
    assert.equal(bench.recorder.count("initiator.disconnect"), 0);
    assert.ok(bench.files.entries.has(volume));
  });

  it("makes the file system again that another node has begun, though the target has seen content", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    bench.recorder.killAfter(6);
    await assert.rejects(bench.staging.stage(request, signal()), /killed/);
    bench.restart();
    await bench.staging.unstage(volume, staging, signal());
    bench.formatted.marked.clear();
    const there = bench.request(volume, bench.publish(volume, 2, { state: "present", type: "unknown" }));
    assert.equal(await bench.staging.stage(there, signal()), "formatted and mounted");
    await bench.staging.unstage(volume, staging, signal());
    assert.equal(await bench.staging.stage(there, signal()), "checked and mounted", "the intent is gone");
  });

  it("does not mount while a format intent could not be erased", async (t) => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    const broken = t.mock.method(bench.devices, "eraseIntent", async () => Promise.reject(new Error("EIO")));
    await assert.rejects(bench.staging.stage(request, signal()), /EIO/);
    assert.deepEqual(await bench.kernel.mounts(), []);
    broken.mock.restore();
    assert.equal(await bench.staging.stage(request, signal()), "formatted and mounted");
  });

  it("asks again when the device cannot be read", async (t) => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    t.mock.method(bench.devices, "inspect", async () => Promise.resolve({ kind: "unreadable", reason: "EIO at 0" }));
    const request = bench.request(volume, bench.publish(volume, 1));
    await assert.rejects(bench.staging.stage(request, signal()), { kind: "unavailable", message: /EIO at 0/ });
    assert.equal(bench.recorder.count("filesystem.make"), 0);
  });

  it("does not mount a damaged file system, and quotes the report", async (t) => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    await bench.staging.stage(request, signal());
    await bench.staging.unstage(volume, staging, signal());
    const damaged = async () => Promise.resolve({ kind: "damaged", report: "inode 12 is odd" });
    t.mock.method(bench.devices, "check", damaged);
    await assert.rejects(bench.staging.stage(request, signal()), { kind: "precondition", message: /inode 12 is odd/ });
    assert.deepEqual(await bench.kernel.mounts(), []);
  });

  it("neither formats nor checks a read-only publication", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const attachment = { ...bench.publish(volume, 1), access: "read-only" } as const;
    const request = bench.request(volume, attachment);
    await assert.rejects(bench.staging.stage(request, signal()), { kind: "precondition" });
    assert.equal(bench.recorder.count("filesystem.make"), 0);
    await bench.staging.stage(bench.request(volume, bench.publish(volume, 2)), signal());
    await bench.staging.unstage(volume, staging, signal());
    const third = { ...bench.publish(volume, 3, present), access: "read-only" } as const;
    assert.equal(await bench.staging.stage(bench.request(volume, third), signal()), "mounted");
    assert.equal(bench.recorder.count("filesystem.check"), 0);
    assert.ok((await bench.kernel.mounts())[0]?.options.includes("ro"));
  });
});

describe("staging over something", () => {
  it("refuses the context of an earlier epoch: its host was fenced since", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const old = bench.publish(volume, 1);
    await bench.staging.stage(bench.request(volume, bench.publish(volume, 2)), signal());
    const before = bench.recorder.calls.length;
    const replay = bench.staging.stage(bench.request(volume, old), signal());
    await assert.rejects(replay, { kind: "precondition", message: /epoch 2.*got 1/ });
    assert.equal(bench.recorder.calls.length, before);
  });

  it("takes the dead mount of an earlier epoch away and mounts anew", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    await bench.staging.stage(bench.request(volume, bench.publish(volume, 1)), signal());
    bench.fence(volume);
    const outcome = await bench.staging.stage(bench.request(volume, bench.publish(volume, 2, present)), signal());
    assert.equal(outcome, "checked and mounted");
    assert.equal((await bench.kernel.mounts()).length, 1);
    assert.equal(bench.recorder.count("filesystem.make"), 1);
    assert.equal(bench.files.entries.get(volume)?.epoch, 2);
  });

  it("refuses a path at which another volume is mounted, and leaves that one alone", async () => {
    const bench = new NodeBench();
    const [volume, other] = [bench.volume("a"), bench.volume("b")];
    await bench.staging.stage(bench.request(other, bench.publish(other, 1)), signal());
    const mounts = await bench.kernel.mounts();
    const request = bench.request(volume, bench.publish(volume, 1));
    await assert.rejects(bench.staging.stage(request, signal()), { kind: "precondition", message: /nothing else/ });
    assert.deepEqual(await bench.kernel.mounts(), mounts);
  });

  it("refuses another use of what is staged already", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    await bench.staging.stage(request, signal());
    const asBlock = bench.staging.stage({ ...request, usage: block }, signal());
    await assert.rejects(asBlock, { kind: "already_exists" });
  });

  it("does not harm a stage at one path when one at another path is refused", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    await bench.staging.stage(request, signal());
    bench.directories.made.set("/kubelet/second", "directory");
    await assert.rejects(bench.staging.stage({ ...request, stagingPath: "/kubelet/second" }, signal()));
    assert.equal(bench.files.entries.get(volume)?.stagingPath, staging, "the journal still knows the first");
    const publish = publishOf(volume, ext4);
    await bench.publishing.publish(publish, signal());
  });
});

describe("a mkfs that takes longer than its request", () => {
  it("goes on, is waited for by the repeat, and never runs twice", async (t) => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    const mkfs = bench.delayMake(t);
    const released = t.mock.method(bench.devices, "release");
    const first = new AbortController();
    const call = bench.staging.stage(request, first.signal);
    await mkfs.begun;
    first.abort(new Error("the deadline"));
    await assert.rejects(call, /the deadline/);
    assert.equal(released.mock.callCount(), 0, "mkfs still has the device");
    const repeat = bench.staging.stage(request, signal());
    mkfs.goOn();
    assert.equal(await repeat, "checked and mounted");
    assert.equal(released.mock.callCount(), 2);
    assert.equal(bench.recorder.count("filesystem.make"), 1);
    assert.equal(bench.formatted.marked.get(volume), 1);
  });

  it("keeps an unstage waiting, so that the device is not taken from under it", async (t) => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const mkfs = bench.delayMake(t);
    const first = new AbortController();
    const call = bench.staging.stage(bench.request(volume, bench.publish(volume, 1)), first.signal);
    await mkfs.begun;
    first.abort(new Error("the deadline"));
    await assert.rejects(call, /the deadline/);
    const second = new AbortController();
    const unstage = bench.staging.unstage(volume, staging, second.signal);
    second.abort(new Error("too long"));
    await assert.rejects(unstage, /too long/);
    assert.equal(bench.recorder.count("initiator.disconnect"), 0);
    mkfs.goOn();
    await bench.staging.unstage(volume, staging, signal());
    assert.deepEqual(await bench.leftovers(volume), []);
  });
});
