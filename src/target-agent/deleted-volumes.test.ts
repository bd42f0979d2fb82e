import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { deleteAll, hour, namesOf, openDeletion as open, round, write } from "../../test/support/deletion-bench.ts";
import { size } from "../../test/support/target-bench.ts";
import { Pool } from "./pool.ts";

const signal = () => AbortSignal.timeout(10_000);
const access = "read-write" as const;

describe("a volume that is deleted in a pool with a grace", () => {
  it("is not there for any call, and comes back as it was", async (t) => {
    const { bench, agent, make } = await open(t);
    const id = bench.id("a");
    await make({ agent }, "a");
    await agent.publish(id, { node: bench.node("n"), access }, signal());
    write(bench, "a", "data");
    await agent.unpublish(id, "everyone", signal());
    const before = await agent.get(id, signal());
    assert.deepEqual(before?.content, { state: "present", type: "unknown" });
    const inode = fs.statSync(bench.image("a")).ino;

    for (const _time of ["once", "again"]) await agent.delete(id, signal());
    assert.equal(await agent.get(id, signal()), undefined);
    assert.deepEqual((await agent.list({}, signal())).items, []);
    assert.deepEqual(bench.exports(), []);
    const missing = { kind: "not_found" };
    await assert.rejects(agent.publish(id, { node: bench.node("n"), access }, signal()), missing);
    await assert.rejects(agent.expand(id, 2n * size, signal()), missing);
    await assert.rejects(make({ agent }, "copy", { source: { kind: "volume", id } }), missing);
    const snapshot = { id: bench.snapshotId("s"), name: "s", source: id };
    await assert.rejects(agent.createSnapshot(snapshot, signal()), missing);
    await agent.unpublish(id, "everyone", signal());
    assert.deepEqual(agent.ids(), []);

    await agent.undelete(id, signal());
    assert.deepEqual(await agent.get(id, signal()), before);
    assert.equal(fs.statSync(bench.image("a")).ino, inode);
    const attachment = await agent.publish(id, { node: bench.node("n"), access }, signal());
    assert.equal(attachment.content.state, "present", "it is never formatted");
    assert.deepEqual(agent.deleted(), []);
  });

  it("is kept by restarts and rounds until its time is over, and not longer", async (t) => {
    const pool = await open(t);
    const { bench, agent, start, pass } = pool;
    await deleteAll(pool, ["a"]);
    const deletedAt = bench.now();
    const [kept] = agent.deleted();
    assert.deepEqual(kept, {
      ...{ id: bench.id("a"), name: "a", size, deletedAt },
      until: new Date(deletedAt.getTime() + hour * 60_000),
    });
    const restarted = await start();
    pass(hour - 1);
    await agent.delete(bench.id("a"), signal());
    await round(restarted);
    assert.deepEqual(namesOf(restarted), ["a"], "another delete does not begin its time anew");
    pass(1);
    await round(restarted);
    assert.deepEqual(bench.files(), []);
    await assert.rejects(restarted.agent.undelete(bench.id("a"), signal()), { kind: "not_found" });
  });

  it("goes with the next round where the pool has no grace any more", async (t) => {
    const pool = await open(t);
    await deleteAll(pool, ["a"]);
    const restarted = await pool.start(0);
    assert.deepEqual(namesOf(restarted), ["a"]);
    await round(restarted);
    assert.deepEqual(pool.bench.files(), []);
  });

  it("is erased at once while it was only half made, or half erased", async (t) => {
    const { bench, agent, layer, make, start } = await open(t);
    const broken = t.mock.method(layer, "remove", async () => Promise.reject(new Error("the disk is gone")));
    t.mock.method(layer, "create", async () => Promise.reject(new Error("no")), { times: 1 });
    await assert.rejects(make({ agent }, "half"));
    await make({ agent }, "a");
    await agent.delete(bench.id("a"), signal());
    await assert.rejects(agent.eraseDeleted(bench.id("a"), signal()), /the disk is gone/);
    await assert.rejects(agent.undelete(bench.id("a"), signal()), { kind: "not_found" }, "parts of it may be gone");
    broken.mock.restore();
    await start();
    assert.deepEqual(bench.files(), []);
  });

  it("is grown or not when its growth was cut short, and fits its record when it comes back", async (t) => {
    const { bench, agent, layer, make, start } = await open(t);
    await make({ agent }, "a");
    const sizeOf = t.mock.method(layer, "sizeOf", async () => Promise.reject(new Error("the disk is busy")));
    await assert.rejects(agent.expand(bench.id("a"), 2n * size, signal()), /the disk is busy/);
    sizeOf.mock.restore();
    await agent.delete(bench.id("a"), signal());
    const restarted = await start();
    const volume = await restarted.agent.undelete(bench.id("a"), signal());
    assert.equal(volume.size, 2n * size);
    await restarted.agent.publish(bench.id("a"), { node: bench.node("n"), access }, signal());
  });

  it("goes with its pool to another machine", async (t) => {
    const pool = await open(t);
    await deleteAll(pool, ["a"]);
    const { bench } = pool;
    const place = { name: "default", layer: "file", path: bench.poolPath } as const;
    const second = { machine: "second", stateDirectory: `${bench.statePath}-second` };
    fs.mkdirSync(second.stateDirectory);
    await Pool.adopt(place, second);
    assert.equal((await Pool.open(place, second)).volumes.get(bench.id("a"))?.state, "deleted");
  });
});

describe("a new volume of a deleted one's name", () => {
  it("is blank: the deleted one is erased first", async (t) => {
    const pool = await open(t);
    await deleteAll(pool, ["secret"]);
    const { bench, agent, make } = pool;
    const volume = await make({ agent }, "secret");
    assert.deepEqual(volume.content, { state: "blank" });
    assert.equal(fs.statSync(bench.image("secret")).blocks, 0, "nothing of the old one");
    assert.deepEqual(agent.deleted(), []);
    await assert.rejects(agent.undelete(bench.id("secret"), signal()), {
      kind: "already_exists",
      message: /it is there, and not deleted/,
    });
  });

  it("is what an undelete meets that comes while it is being made", async (t) => {
    const pool = await open(t);
    await deleteAll(pool, ["a"]);
    const { bench, agent, layer, make } = pool;
    const create = layer.create.bind(layer);
    const { promise: begun, resolve: begin } = Promise.withResolvers<undefined>();
    const { promise: may, resolve: goOn } = Promise.withResolvers<undefined>();
    t.mock.method(layer, "create", async (...args: Parameters<typeof create>) => {
      begin(undefined);
      await may;
      return await create(...args);
    });
    const made = make({ agent }, "a");
    await begun;
    const back = agent.undelete(bench.id("a"), signal());
    goOn(undefined);
    assert.deepEqual((await made).content, { state: "blank" });
    await assert.rejects(back, { kind: "already_exists" });
    assert.equal(fs.statSync(bench.image("a")).blocks, 0);
  });

  it("is not imported while the deleted one can be had back", async (t) => {
    const pool = await open(t);
    await deleteAll(pool, ["a"]);
    const original = path.join(pool.bench.poolPath, "original.img");
    fs.writeFileSync(original, "x");
    await assert.rejects(pool.agent.import({ name: "a", original }, signal()), {
      kind: "already_exists",
      message: /volume a was deleted and can still be undeleted/,
    });
    assert.deepEqual(namesOf(pool), ["a"]);
  });
});

describe("undelete", () => {
  it("knows only deleted volumes of this pool and cluster, that are still what was deleted", async (t) => {
    const pool = await open(t);
    const { bench, agent, start } = pool;
    await deleteAll(pool, ["theirs", "lost"]);
    const missing = { kind: "not_found", message: /keeps no deleted volume with that id/ };
    await assert.rejects(agent.undelete(bench.id("never"), signal()), missing);
    const record = path.join(bench.poolPath, "records", `${bench.id("theirs")}.json`);
    fs.writeFileSync(record, fs.readFileSync(record, "utf8").replace("test-cluster", "another"));
    fs.renameSync(bench.image("lost"), `${bench.image("lost")}.aside`);
    const restarted = await start();
    await assert.rejects(restarted.agent.undelete(bench.id("theirs"), signal()), missing);
    await assert.rejects(restarted.agent.undelete(bench.id("lost"), signal()), {
      kind: "precondition",
      message: /it must exist/,
    });
    assert.deepEqual(namesOf(restarted), ["lost"]);
  });
});
