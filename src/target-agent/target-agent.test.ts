import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
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
    const volume = await agent.create({ id, name: "a", size });
    assert.equal(volume.content.state, "blank");
    const attachment = await agent.publish(id, { node, access }, signal());
    assert.deepEqual(attachment.content, { state: "blank" });
    assert.deepEqual(attachment.blankSizes, [size]);
    assert.equal(bench.tree.list("subsystems", bench.nqn("a"), "allowed_hosts").length, 1);
    assert.equal(bench.tree.read("subsystems", bench.nqn("a"), "attr_allow_any_host"), "0");
    await assert.rejects(agent.delete(id), { kind: "in_use" });
    for (const _time of ["once", "again"]) await agent.unpublish(id, node, signal());
    assert.deepEqual(bench.tree.objects(), []);
    for (const _time of ["once", "again"]) await agent.delete(id);
    assert.deepEqual(bench.files(), []);
  });

  it("does not promise the same room to two volumes that are made at once", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    const { largestVolume } = await agent.capacity();
    const most = largestVolume - (largestVolume % (8n * size)) - size;
    const made = await Promise.allSettled(
      ["a", "b"].map(async (name) => agent.create({ id: bench.id(name), name, size: most })),
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
    await assert.rejects(agent.create({ id: bench.id("a"), name: "a", size }), { kind: "no_capacity" });
    t.mock.restoreAll();
    syncBuiltinESMExports();
    assert.deepEqual(bench.files(), []);
  });

  it("fences in order: the host's right, the port, the namespace, the subsystem", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    const [id, node] = [bench.id("a"), bench.node("node-a")];
    await agent.create({ id, name: "a", size });
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
    await agent.create({ id, name: "a", size });
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
    await agent.create({ id, name: "a", size });
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
          create: async ({ agent }) => agent.create({ id, name: "a", size }),
          publish: async ({ agent }) => agent.publish(id, { node, access }, signal()),
          unpublish: async ({ agent }) => agent.unpublish(id, node, signal()),
          delete: async ({ agent }) => agent.delete(id),
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
        assert.deepEqual(bench.tree.objects(), [], where);
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
      await agent.create({ id, name: "a", size });
      bench.tree.killAfter(changes);
      const wasKilled = await agent.publish(id, { node, access }, signal()).then(
        () => false,
        () => true,
      );
      // The same process goes on: a call that failed for another reason than a kill.
      bench.tree.revive();
      await agent.unpublish(id, node, signal());
      assert.deepEqual(bench.tree.objects(), [], `after ${changes} changes: ${bench.tree.calls.join("\n")}`);
      t.mock.restoreAll();
      if (!wasKilled) break;
    }
  });
});

describe("a target agent that starts", () => {
  it("puts every export back, with the listener closed until all are linked (V42, V46)", async (t) => {
    const bench = await TargetBench.open(t);
    const first = await bench.start();
    for (const name of ["a", "b"]) {
      await first.agent.create({ id: bench.id(name), name, size });
      await first.agent.publish(bench.id(name), { node: bench.node("node-a"), access }, signal());
    }
    const before = bench.tree.objects();
    fs.rmSync(bench.tree.root, { recursive: true });
    for (const name of ["subsystems", "hosts", "ports"])
      fs.mkdirSync(`${bench.tree.root}/${name}`, { recursive: true });
    const already = bench.tree.calls.length;
    const { report } = await bench.start();
    assert.deepEqual(bench.tree.objects().toSorted(), before.toSorted());
    assert.deepEqual([report.kept, report.restored], [0, 2]);
    const isOrdered = (call: string) => call.startsWith("run nft") || call.startsWith("symlink ports/");
    const steps = bench.tree.calls.slice(already).filter(isOrdered);
    const [close = "", ...rest] = steps;
    assert.match(close, /^run nft .*dport \{ 4420 \}.*syn reject with tcp reset/s);
    assert.deepEqual(
      rest.slice(0, -1).map((call) => call.split(" ")[0]),
      ["symlink", "symlink"],
    );
    assert.match(rest.at(-1) ?? "", /^run nft /);
    assert.doesNotMatch(rest.at(-1) ?? "", /dport/, "the rule is gone");
  });

  it("touches nothing that is complete: a restart of the process costs no connection", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    await agent.create({ id: bench.id("a"), name: "a", size });
    await agent.publish(bench.id("a"), { node: bench.node("node-a"), access }, signal());
    const before = bench.tree.calls.length;
    bench.programs.length = 0;
    const { report } = await bench.start();
    assert.deepEqual([report.kept, report.restored], [1, 0]);
    const inTree = bench.tree.calls.slice(before).filter((call) => /^\w+ (subsystems|hosts|ports)\//.test(call));
    assert.deepEqual(inTree, []);
    const opened = ["nft add table inet nvmetcp_csi\ndelete table inet nvmetcp_csi"];
    assert.deepEqual(bench.programs, opened, "the listener was never closed, only opened for good measure");
  });

  it("finishes a fence that was begun, before it serves anything", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    const [id, node] = [bench.id("a"), bench.node("node-a")];
    await agent.create({ id, name: "a", size });
    const { epoch } = await agent.publish(id, { node, access }, signal());
    bench.tree.killAfter(1);
    await assert.rejects(agent.unpublish(id, node, signal()), /killed/);
    const restarted = await bench.start();
    assert.deepEqual(bench.tree.objects(), []);
    assert.deepEqual(restarted.agent.get(id)?.publications, []);
    assert.equal((await restarted.agent.publish(id, { node, access }, signal())).epoch, epoch + 1);
  });

  it("does not export a volume whose backing file is another one, says so, and exports the others (V8)", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    for (const name of ["a", "b"]) {
      await agent.create({ id: bench.id(name), name, size });
      await agent.publish(bench.id(name), { node: bench.node("node-a"), access }, signal());
    }
    fs.renameSync(bench.image("a"), `${bench.image("a")}.kept`);
    fs.writeFileSync(bench.image("a"), "");
    fs.truncateSync(bench.image("a"), Number(size));
    fs.rmSync(bench.tree.root, { recursive: true });
    for (const name of ["subsystems", "hosts", "ports"])
      fs.mkdirSync(`${bench.tree.root}/${name}`, { recursive: true });
    const restarted = await bench.start();
    assert.deepEqual(bench.tree.list("subsystems"), [bench.nqn("b")]);
    const condition = restarted.agent.get(bench.id("a"))?.condition;
    assert.equal(condition?.abnormal, true);
    assert.match(condition.message, /must be the file made for volume/);
    assert.equal(restarted.agent.get(bench.id("b"))?.condition.abnormal, false);
  });

  it("reports what others have in configfs and leaves it alone", async (t) => {
    const bench = await TargetBench.open(t);
    const foreign = "nqn.2014-08.org.example:theirs";
    fs.mkdirSync(`${bench.tree.root}/subsystems/${foreign}`);
    fs.mkdirSync(`${bench.tree.root}/ports/1`);
    const { report } = await bench.start();
    assert.deepEqual(report.foreign.subsystems, [foreign]);
    assert.deepEqual(report.foreign.ports, ["1"]);
    assert.deepEqual(bench.tree.objects(), [`subsystems/${foreign}`, "ports/1"]);
  });

  it("knows content that was written, and does not forget it when the file reads blank again", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    const [id, node] = [bench.id("a"), bench.node("node-a")];
    await agent.create({ id, name: "a", size });
    await agent.publish(id, { node, access }, signal());
    const file = fs.openSync(bench.image("a"), "r+");
    fs.writeSync(file, "data", 4096);
    fs.fsyncSync(file);
    await agent.lookAt(id, signal());
    assert.deepEqual(agent.get(id)?.content, { state: "present", type: "unknown" });
    fs.ftruncateSync(file, 0);
    fs.ftruncateSync(file, Number(size));
    fs.closeSync(file);
    const restarted = await bench.start();
    assert.equal(restarted.agent.get(id)?.content.state, "present");
    await restarted.agent.unpublish(id, node, signal());
    const again = await restarted.agent.publish(id, { node, access }, signal());
    assert.equal(again.content.state, "present", "the gate refuses to format it");
    assert.equal(restarted.agent.get(id)?.condition.abnormal, true);
  });
});
