import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { block, ext4, NodeBench, stagedBench, staging, target } from "../../test/support/node-bench.ts";
import type { Attachment } from "../domain/model.ts";

const signal = () => AbortSignal.timeout(10_000);
const other = "/kubelet/other-pod/target";

/** A volume that holds a file system, unstaged, and a publication of it that only reads. */
async function forReading(usage: typeof ext4 | typeof block) {
  const bench = new NodeBench();
  const volume = bench.volume("a");
  await bench.staging.stage(bench.request(volume, bench.publish(volume, 1), { usage }), signal());
  await bench.staging.unstage(volume, staging, signal());
  const attachment: Attachment = {
    ...bench.publish(volume, 2, { state: "present", type: "ext4" }),
    access: "read-only",
  };
  bench.recorder.calls.length = 0;
  return { bench, volume, attachment, request: bench.request(volume, attachment, { usage }) };
}

describe("a volume that is published to be read", () => {
  for (const usage of [ext4, block]) {
    it(`takes no writes on the node, and its device says so before anybody sees it (${usage.kind})`, async () => {
      const { bench, request } = await forReading(usage);
      await bench.staging.stage(request, signal());
      const { calls } = bench.recorder;
      assert.ok(calls.includes("filesystem.protect"), calls.join(" "));
      const shown = usage.kind === "block" ? calls.lastIndexOf("journal.save") : calls.indexOf("filesystem.mount");
      assert.ok(calls.indexOf("filesystem.protect") < shown, calls.join(" "));
      for (const change of ["putIntent", "eraseIntent", "make", "check", "grow"]) {
        assert.equal(bench.recorder.count(`filesystem.${change}`), 0, change);
      }
    });
  }

  it("is given to pods read-only, whether they ask for it or not", async () => {
    const { bench, volume, request } = await forReading(ext4);
    await bench.staging.stage(request, signal());
    const publish = { volume, stagingPath: staging, targetPath: target, usage: ext4, isForOnePod: false };
    for (const readOnly of [false, true, false]) {
      await bench.publishing.publish({ ...publish, readOnly }, signal());
      const shown = (await bench.kernel.mounts()).filter(({ path }) => path === target);
      assert.deepEqual(
        shown.map(({ options }) => options[0]),
        ["ro"],
      );
    }
  });

  it("is well: its file system was not made read-only by an error", async () => {
    const { bench, volume, request } = await forReading(ext4);
    await bench.staging.stage(request, signal());
    const publish = { volume, stagingPath: staging, targetPath: target, usage: ext4, isForOnePod: false };
    await bench.publishing.publish({ ...publish, readOnly: true }, signal());
    for (const path of [staging, target]) {
      const { condition } = await bench.stats.of(volume, path, signal());
      assert.equal(condition.abnormal, false, condition.message);
    }
  });

  it("must have a file system by then", async () => {
    const bench = new NodeBench();
    const volume = bench.volume("a");
    const attachment: Attachment = { ...bench.publish(volume, 1), access: "read-only" };
    const refusal = { kind: "precondition", message: /no file system: let a pod mount it read-write once/ };
    await assert.rejects(bench.staging.stage(bench.request(volume, attachment), signal()), refusal);
    assert.deepEqual(await bench.leftovers(volume), []);
  });
});

describe("a volume for one pod", () => {
  for (const usage of [ext4, block]) {
    it(`is published at one path at a time (${usage.kind})`, async () => {
      const { bench, request, volume } = await stagedBench(usage);
      const alone = { ...request, isForOnePod: true };
      for (const _time of ["once", "again"]) await bench.publishing.publish(alone, signal());
      const second = bench.publishing.publish({ ...alone, targetPath: other }, signal());
      await assert.rejects(second, { kind: "precondition", message: /one pod at a time may use it/ });
      await bench.publishing.publish({ ...request, targetPath: other }, signal());
      await bench.publishing.unpublish(volume, other, signal());
      await bench.publishing.unpublish(volume, target, signal());
      await bench.publishing.publish({ ...alone, targetPath: other }, signal());
    });
  }

  for (const usage of [ext4, block]) {
    it(`is published there again while the kubelet has bound it further for the same pod (${usage.kind})`, async () => {
      const { bench, request } = await stagedBench(usage);
      const alone = { ...request, isForOnePod: true };
      await bench.publishing.publish(alone, signal());
      const source =
        usage.kind === "block" ? ((await bench.connections.find(bench.targetOf("a"), signal()))?.path ?? "") : target;
      await bench.kernel.bind({ source, target: "/kubelet/volume-subpaths/0", readOnly: false }, signal());
      await bench.publishing.publish(alone, signal());
    });
  }
});
