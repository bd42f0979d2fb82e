import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { size, TargetBench } from "../../test/support/target-bench.ts";
import type { ClusterId } from "../domain/identity.ts";
import { AgentState } from "./agent-state.ts";
import { importVolume } from "./import-volume.ts";

const signal = () => AbortSignal.timeout(10_000);

/** A pool and a file beside its volumes. */
async function withOriginal(t: TestContext, write: (file: number) => void, bytes = Number(size)) {
  const bench = await TargetBench.open(t);
  const { layer, exporter } = await bench.start();
  const pool = await bench.openPool();
  const cluster = "test-cluster" as ClusterId;
  const state = new AgentState({ cluster, pool, layer, exporter, now: () => new Date() });
  const original = path.join(bench.poolPath, "original.img");
  fs.writeFileSync(original, "");
  fs.truncateSync(original, bytes);
  const file = fs.openSync(original, "r+");
  write(file);
  fs.closeSync(file);
  const order = async (name = "old") => importVolume(state, { name, original }, signal());
  return { bench, original, order };
}

describe("an imported volume", () => {
  it("is a copy of the file, as large or larger, that holds content whatever it looks like", async (t) => {
    const { bench, original, order } = await withOriginal(t, () => undefined, Number(size) + 1);
    const before = fs.statSync(original);
    const imported = await order();
    assert.equal(imported.size, size + 4n * 1024n * 1024n);
    assert.equal(fs.statSync(bench.image("old"), { bigint: true }).size, imported.size);
    assert.deepEqual(fs.statSync(original).mtimeMs, before.mtimeMs);
    const { agent } = await bench.start();
    const volume = await agent.get(bench.id("old"), signal());
    assert.deepEqual(volume?.content, { state: "present", type: "unknown" }, "blank, and yet never formatted");
    const attachment = await agent.publish(bench.id("old"), { node: bench.node("n"), access: "read-write" }, signal());
    assert.equal(attachment.content.state, "present");
  });

  it("is refused where hosts could not use it, and leaves nothing", async (t) => {
    const { bench, order } = await withOriginal(t, () => undefined);
    bench.blockAt = (offset) => {
      const block = Buffer.alloc(4096);
      if (offset === 0n) block.write("EFI PART", 512, "latin1");
      return block;
    };
    await assert.rejects(order(), {
      kind: "precondition",
      message: /its GPT is for sectors of 512 bytes, and hosts would/,
    });
    assert.deepEqual(bench.files(), []);
  });

  it("takes no name that a volume has", async (t) => {
    const { order } = await withOriginal(t, () => undefined);
    await order();
    await assert.rejects(order(), { kind: "already_exists", message: /there is a volume old/ });
  });

  it("is made of a file on the same file system alone", async (t) => {
    const { bench, original } = await withOriginal(t, () => undefined);
    const { layer } = await bench.start({ pool: "other" });
    fs.symlinkSync(original, `${original}.link`);
    for (const name of [`${original}.link`, bench.poolPath, `${original}.absent`]) {
      await assert.rejects(layer.measure(name), { kind: "precondition", message: /it must be a file/ });
    }
    await assert.rejects(layer.measure("/proc/version"), {
      kind: "precondition",
      message: /on the file system of the pool/,
    });
  });
});
