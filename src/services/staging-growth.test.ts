import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { NodeBench, staging } from "../../test/support/node-bench.ts";
import type { VolumeId } from "../domain/identity.ts";
import type { HeldDevice } from "../filesystem/index.ts";
import type { StageRequest } from "./staging.ts";

const signal = () => AbortSignal.timeout(10_000);

describe("a file system that is smaller than its device", () => {
  let bench: NodeBench;
  let volume: VolumeId;
  let request: StageRequest;

  beforeEach(async () => {
    bench = new NodeBench();
    volume = bench.volume("a");
    request = bench.request(volume, bench.publish(volume, 1));
    await bench.staging.stage(request, signal());
    await bench.staging.unstage(volume, staging, signal());
    bench.enlarge(volume);
  });

  it("is checked, mounted and made larger, once", async () => {
    await bench.staging.stage(request, signal());
    const steps = ["filesystem.check", "journal.save", "filesystem.mount", "filesystem.grow", "journal.update"];
    assert.deepEqual(bench.recorder.calls.slice(-steps.length), steps);
    await bench.staging.stage(request, signal());
    await bench.staging.unstage(volume, staging, signal());
    await bench.staging.stage(request, signal());
    assert.equal(bench.recorder.count("filesystem.grow"), 1);
  });

  it("is made larger by the repeat of a stage that ended anywhere before it", async () => {
    for (let steps = 1; steps <= 7; steps += 1) {
      bench.recorder.killAfter(steps);
      const before = bench.recorder.count("filesystem.grow");
      await assert.rejects(bench.staging.stage(request, signal()), /killed/, `after ${steps} steps`);
      bench.restart();
      await bench.staging.stage(request, signal());
      assert.ok(bench.recorder.count("filesystem.grow") > before, `after ${steps} steps`);
      assert.equal(bench.files.entries.get(volume)?.isGrowing, false);
      await bench.staging.unstage(volume, staging, signal());
      bench.enlarge(volume);
    }
  });

  it("is not staged as long as it could not be made larger", async (t) => {
    const broken = t.mock.method(bench.devices, "grow", async () => Promise.reject(new Error("resize2fs: no")));
    for (const _ of [1, 2]) await assert.rejects(bench.staging.stage(request, signal()), /resize2fs: no/);
    broken.mock.restore();
    assert.equal(await bench.staging.stage(request, signal()), "already staged");
    assert.equal(bench.recorder.count("filesystem.grow"), 1);
  });

  it("stays as it is on a read-only publication", async () => {
    const attachment = { ...request.attachment, access: "read-only" } as const;
    await bench.staging.stage({ ...request, attachment }, signal());
    assert.equal(bench.recorder.count("filesystem.grow"), 0);
  });
});

describe("a volume that grew after it was published", () => {
  it("is looked at where a mkfs was begun here, whatever its context knows", async (t) => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const request = bench.request(volume, bench.publish(volume, 1));
    bench.enlarge(volume);
    const { size } = request.attachment;
    t.mock.method(bench.devices, "make", async () => Promise.reject(new Error("mkfs was cut short")), { times: 1 });
    await assert.rejects(bench.staging.stage(request, signal()), /cut short/);
    const { calls } = bench.recorder;
    assert.ok(calls.indexOf("marks.begin") < calls.indexOf("filesystem.putIntent") && calls.includes("marks.begin"));
    bench.enlarge(volume);
    const inspect: HeldDevice["inspect"] = Reflect.get(bench.devices, "inspect");
    const places: (readonly bigint[])[] = [];
    t.mock.method(bench.devices, "inspect", async function (this: HeldDevice, ...args: Parameters<typeof inspect>) {
      places.push(args[0].blankSizes);
      return await Reflect.apply(inspect, this, args);
    });
    await bench.staging.stage(request, signal());
    assert.deepEqual(places, [[size, 2n * size]]);
  });
});
