import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import { describe, it } from "node:test";
import { size, TargetBench, type Started } from "../../test/support/target-bench.ts";

const signal = () => new AbortController().signal;
const access = "read-write" as const;

/** A volume's life in four calls; each may be repeated. */
const life = ["create", "publish", "unpublish", "delete"] as const;
type Verb = (typeof life)[number];

describe("a target agent", () => {
  it("makes a volume, exports it to one host, fences it, and leaves nothing behind", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    const [id, node] = [bench.id("a"), bench.node("node-a")];
    const volume = await agent.create({ id, name: "a", size }, signal());
    assert.equal(volume.content.state, "blank");
    const attachment = await agent.publish(id, { node, access }, signal());
    assert.deepEqual(attachment.content, { state: "blank" });
    assert.deepEqual(attachment.blankSizes, [size]);
    assert.equal(bench.tree.list("subsystems", bench.nqn("a"), "allowed_hosts").length, 1);
    assert.equal(bench.tree.read("subsystems", bench.nqn("a"), "attr_allow_any_host"), "0");
    await assert.rejects(agent.delete(id, signal()), { kind: "in_use" });
    for (const _time of ["once", "again"]) await agent.unpublish(id, node, signal());
    assert.deepEqual(bench.exports(), []);
    for (const _time of ["once", "again"]) await agent.delete(id, signal());
    assert.deepEqual(bench.files(), []);
  });

  it("does not promise the same room to two volumes that are made at once", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    const room = await agent.room(signal());
    const most = room - (room % (8n * size)) - size;
    const made = await Promise.allSettled(
      ["a", "b"].map(async (name) => agent.create({ id: bench.id(name), name, size: most }, signal())),
    );
    assert.deepEqual(made.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const reasons = made.flatMap((outcome) => (outcome.status === "rejected" ? [String(outcome.reason)] : []));
    assert.match(reasons.join(), /the pool has room for/);
  });

  it("keeps neither record nor file of a volume for which the disk had no room after all", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    const open = fs.promises.open.bind(fs.promises);
    t.mock.method(fs.promises, "open", async (...args: Parameters<typeof open>) => {
      if (String(args[0]).endsWith(".img")) throw full;
      return await open(...args);
    });
    syncBuiltinESMExports();
    await assert.rejects(agent.create({ id: bench.id("a"), name: "a", size }, signal()), { kind: "no_capacity" });
    t.mock.restoreAll();
    syncBuiltinESMExports();
    assert.deepEqual(bench.files(), []);
  });

  it("fences in order: the host's right, the port, the namespace, the subsystem", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    const [id, node] = [bench.id("a"), bench.node("node-a")];
    await agent.create({ id, name: "a", size }, signal());
    await agent.publish(id, { node, access }, signal());
    const before = bench.tree.calls.length;
    await agent.unpublish(id, "everyone", signal());
    const calls = bench.tree.calls.slice(before);
    const subsystem = `subsystems/${bench.nqn("a")}`;
    const steps = [
      (call: string) => call.startsWith("rename ") && call.includes("/records/"),
      (call: string) => call.startsWith(`unlink ${subsystem}/allowed_hosts/`),
      (call: string) => call.startsWith("unlink ports/"),
      (call: string) => call === `rmdir ${subsystem}/namespaces/1`,
      (call: string) => call === `rmdir ${subsystem}`,
    ];
    const places = steps.map((step) => calls.findIndex(step));
    assert.ok(!places.includes(-1), `every step is there: ${calls.join("\n")}`);
    assert.deepEqual(
      places.toSorted((a, b) => a - b),
      places,
      calls.join("\n"),
    );
    const last = calls.findLastIndex((call) => call.startsWith("rename ") && call.includes("/records/"));
    assert.ok(last > (places.at(-1) ?? 0), "the record says done only after the fence");
    assert.ok(!calls.some((call) => call.endsWith("/enable")), "a namespace is never disabled (V9)");
  });

  it("exports in order: the record, the namespace enabled after it was named, the host, the port last", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    const id = bench.id("a");
    await agent.create({ id, name: "a", size }, signal());
    const before = bench.tree.calls.length;
    await agent.publish(id, { node: bench.node("node-a"), access }, signal());
    const calls = bench.tree.calls.slice(before);
    const subsystem = `subsystems/${bench.nqn("a")}`;
    const order = [
      "rename ",
      `mkdir ${subsystem}`,
      `write ${subsystem}/attr_serial`,
      `write ${subsystem}/namespaces/1/device_path`,
      `write ${subsystem}/namespaces/1/device_uuid`,
      `write ${subsystem}/namespaces/1/enable`,
      `symlink ${subsystem}/allowed_hosts/`,
      "symlink ports/",
    ];
    const places = order.map((start) => calls.findIndex((call) => call.startsWith(start)));
    assert.ok(!places.includes(-1), calls.join("\n"));
    assert.deepEqual(
      places.toSorted((a, b) => a - b),
      places,
      calls.join("\n"),
    );
    assert.equal(places.at(-1), calls.length - 1, "the listener opens last");
  });

  it("writes nothing when a publish is repeated", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    const [id, node] = [bench.id("a"), bench.node("node-a")];
    await agent.create({ id, name: "a", size }, signal());
    const first = await agent.publish(id, { node, access }, signal());
    const changes = () => bench.tree.calls.filter((call) => !call.startsWith("mkdir ") && !call.startsWith("symlink "));
    const before = changes().length;
    assert.deepEqual(await agent.publish(id, { node, access }, signal()), first);
    assert.equal(changes().length, before);
  });

  it("leaves nothing behind after a kill behind any change of any call, a restart, and a repeat", async (t) => {
    for (const victim of life) {
      for (let changes = 1; ; changes += 1) {
        const bench = await TargetBench.open(t);
        const [id, node] = [bench.id("a"), bench.node("node-a")];
        const calls: Readonly<Record<Verb, (started: Started) => Promise<unknown>>> = {
          create: async ({ agent }) => agent.create({ id, name: "a", size }, signal()),
          publish: async ({ agent }) => agent.publish(id, { node, access }, signal()),
          unpublish: async ({ agent }) => agent.unpublish(id, node, signal()),
          delete: async ({ agent }) => agent.delete(id, signal()),
        };
        let started = await bench.start();
        let wasKilled = false;
        for (const verb of life) {
          if (verb === victim) {
            bench.tree.killAfter(changes);
            wasKilled = await calls[verb](started).then(
              () => false,
              (error: unknown) => error instanceof Error && error.message === "killed",
            );
            started = await bench.start();
          }
          await calls[verb](started);
        }
        const where = `${victim} killed after ${changes} changes: ${bench.tree.calls.join("\n")}`;
        assert.deepEqual(bench.exports(), [], where);
        assert.deepEqual(bench.files(), [], where);
        t.mock.restoreAll();
        if (!wasKilled) break;
      }
    }
  });

  it("leaves nothing behind when a killed publish is followed by an unpublish instead of a repeat", async (t) => {
    for (let changes = 1; ; changes += 1) {
      const bench = await TargetBench.open(t);
      const [id, node] = [bench.id("a"), bench.node("node-a")];
      const { agent } = await bench.start();
      await agent.create({ id, name: "a", size }, signal());
      bench.tree.killAfter(changes);
      const wasKilled = await agent.publish(id, { node, access }, signal()).then(
        () => false,
        () => true,
      );
      // The same process goes on: a call that failed for another reason than a kill.
      bench.tree.revive();
      await agent.unpublish(id, node, signal());
      assert.deepEqual(bench.exports(), [], `after ${changes} changes: ${bench.tree.calls.join("\n")}`);
      t.mock.restoreAll();
      if (!wasKilled) break;
    }
  });
});

describe("a target agent among others", () => {
  it("does not know the volumes of another cluster in its pool, and makes none over them", async (t) => {
    const bench = await TargetBench.open(t);
    const before = await bench.start();
    await before.agent.create({ id: bench.id("a"), name: "a", size }, signal());
    await before.agent.publish(bench.id("a"), { node: bench.node("node-a"), access }, signal());
    const record = path.join(bench.poolPath, "records", `${bench.id("a")}.json`);
    fs.writeFileSync(record, fs.readFileSync(record, "utf8").replace("test-cluster", "other-cluster"));
    const { agent } = await bench.start();
    const [id, node] = [bench.id("a"), bench.node("node-a")];
    assert.equal(await agent.get(id, signal()), undefined);
    await assert.rejects(agent.publish(id, { node, access }, signal()), { kind: "not_found" });
    await agent.unpublish(id, "everyone", signal());
    await agent.delete(id, signal());
    await assert.rejects(agent.create({ id, name: "a", size }, signal()), {
      kind: "precondition",
      message: /for another cluster; got "other-cluster"/,
    });
    assert.equal(bench.files().length, 2);
  });

  it("takes no file away that appeared while it made a volume", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    const open = fs.promises.open.bind(fs.promises);
    t.mock.method(fs.promises, "open", async (...args: Parameters<typeof open>) => {
      if (String(args[0]).endsWith(".img")) fs.writeFileSync(bench.image("a"), "somebody's data");
      return await open(...args);
    });
    syncBuiltinESMExports();
    await assert.rejects(agent.create({ id: bench.id("a"), name: "a", size }, signal()), { kind: "unavailable" });
    assert.equal(fs.readFileSync(bench.image("a"), "utf8"), "somebody's data");
    assert.equal(bench.files().length, 1, "and no record is left");
  });

  it("makes no volume over a file that no record explains", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    fs.writeFileSync(bench.image("a"), "somebody's data");
    const made = agent.create({ id: bench.id("a"), name: "a", size }, signal());
    await assert.rejects(made, { kind: "precondition", message: /it exists without a record/ });
    assert.equal(fs.readFileSync(bench.image("a"), "utf8"), "somebody's data");
    assert.equal(bench.files().length, 1);
  });
});
