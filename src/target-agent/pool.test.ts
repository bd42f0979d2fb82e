import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { size, TargetBench } from "../../test/support/target-bench.ts";
import { Pool } from "./pool.ts";

const signal = () => new AbortController().signal;

describe("a pool", () => {
  it("is made where none was, remembered on both sides, and opened again", async (t) => {
    const bench = await TargetBench.open(t);
    await bench.openPool();
    const marker = fs.readFileSync(path.join(bench.poolPath, "pool.json"), "utf8");
    assert.equal(fs.readFileSync(path.join(bench.statePath, "pools", "default.json"), "utf8"), marker);
    await bench.openPool();
    assert.equal(fs.readFileSync(path.join(bench.poolPath, "pool.json"), "utf8"), marker);
  });

  it("is not replaced by the empty directory under a file system that is not mounted (Q1)", async (t) => {
    const bench = await TargetBench.open(t);
    await bench.openPool();
    fs.renameSync(bench.poolPath, `${bench.poolPath}.mounted`);
    fs.mkdirSync(bench.poolPath);
    await assert.rejects(bench.openPool(), {
      kind: "unavailable",
      message: /is its file system mounted\?; got "no pool"/,
    });
    assert.deepEqual(fs.readdirSync(bench.poolPath), [], "nothing is made there");
  });

  it("is not replaced by another pool", async (t) => {
    const [bench, other] = [await TargetBench.open(t), await TargetBench.open(t)];
    await bench.openPool();
    await other.openPool();
    await assert.rejects(bench.openPool(other.poolPath), { kind: "unavailable", message: /served pool/ });
  });

  it("is taken over by a machine that knows no pool yet, with all its volumes", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    await agent.create({ id: bench.id("a"), name: "a", size }, signal());
    fs.rmSync(bench.statePath, { recursive: true });
    fs.mkdirSync(bench.statePath);
    const pool = await bench.openPool();
    assert.deepEqual(
      pool.volumes.all().map(({ name }) => name),
      ["a"],
    );
  });

  it("is not served by a second machine that has the same disk, until somebody says that it may be (Q2)", async (t) => {
    const [bench, other] = [await TargetBench.open(t), await TargetBench.open(t)];
    await bench.openPool(bench.poolPath, "first");
    const open = async () => other.openPool(bench.poolPath, "second");
    await assert.rejects(open(), { kind: "precondition", message: /machine first serves it; .* adopt default/ });
    const place = { name: "default", layer: "file", path: bench.poolPath } as const;
    const second = { machine: "second", stateDirectory: other.statePath };
    assert.deepEqual(await Pool.adopt(place, second), { from: "first" });
    await open();
    await assert.rejects(bench.openPool(bench.poolPath, "first"), { kind: "precondition", message: /machine second/ });
  });

  it("of an older driver belongs to the first machine that opens it", async (t) => {
    const [bench, other] = [await TargetBench.open(t), await TargetBench.open(t)];
    const old = { schema: 1, pool: "7f000000-1111-4222-8333-444455556666", layer: "file" };
    fs.writeFileSync(path.join(bench.poolPath, "pool.json"), JSON.stringify(old));
    await bench.openPool(bench.poolPath, "first");
    await bench.openPool(bench.poolPath, "first");
    await assert.rejects(other.openPool(bench.poolPath, "second"), { kind: "precondition" });
  });

  it("cannot be adopted where there is none, or where it is made of something else", async (t) => {
    const bench = await TargetBench.open(t);
    const place = { name: "default", layer: "file", path: bench.poolPath } as const;
    const host = { machine: "machine", stateDirectory: bench.statePath };
    await assert.rejects(Pool.adopt(place, host), { kind: "precondition", message: /there must be a pool/ });
    await bench.openPool();
    await assert.rejects(Pool.adopt({ ...place, layer: "lvm-thin" }, host), {
      message: /is made of file; got "lvm-thin"/,
    });
  });

  it("is refused when a marker or a record cannot be read, naming the file", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    await agent.create({ id: bench.id("a"), name: "a", size }, signal());
    const record = path.join(bench.poolPath, "records", `${bench.id("a")}.json`);
    const marker = path.join(bench.poolPath, "pool.json");
    for (const [file, text] of [
      [record, "{"],
      [record, '{"schema": 2}'],
      [marker, "{"],
      [marker, ""],
      [marker, '{"schema": 1, "pool": "7f000000-1111-4222-8333-444455556666", "layer": "lvm-thin"}'],
      [marker, '{"schema": 3, "pool": "7f000000-1111-4222-8333-444455556666"}'],
    ] as const) {
      const kept = fs.readFileSync(file);
      fs.writeFileSync(file, text);
      await assert.rejects(bench.openPool(), (error: unknown) => {
        assert.ok(error instanceof Error && error.message.includes(file), `${text} in ${file}: ${String(error)}`);
        return true;
      });
      assert.equal(fs.readFileSync(file, "utf8"), text, "and it is left as it is");
      fs.writeFileSync(file, kept);
    }
  });

  it("does not take the leftover of a killed writer for a record", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    await agent.create({ id: bench.id("a"), name: "a", size }, signal());
    fs.writeFileSync(path.join(bench.poolPath, "records", `${bench.id("b")}.json.tmp`), '{"schema"');
    const pool = await bench.openPool();
    assert.equal(pool.volumes.all().length, 1);
  });

  it("must be a directory", async (t) => {
    const bench = await TargetBench.open(t);
    const missing = path.join(bench.poolPath, "missing");
    await assert.rejects(bench.openPool(missing), { kind: "unavailable", message: /must be a directory/ });
  });
});
