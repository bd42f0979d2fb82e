import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { describe, it } from "node:test";
import { size, TargetBench } from "../../test/support/target-bench.ts";
import { tendAll } from "./upkeep.ts";

const signal = () => new AbortController().signal;
const access = "read-write" as const;

/** Makes the tree as empty as a boot of the machine would. */
function reboot(bench: TargetBench): void {
  fs.rmSync(bench.tree.root, { recursive: true });
  for (const name of ["subsystems", "hosts", "ports"]) fs.mkdirSync(`${bench.tree.root}/${name}`, { recursive: true });
}

async function publishAll(bench: TargetBench, names: readonly string[]): Promise<void> {
  const { agent } = await bench.start();
  for (const name of names) {
    await agent.create({ id: bench.id(name), name, size }, signal());
    await agent.publish(bench.id(name), { node: bench.node("node-a"), access }, signal());
  }
}

describe("a target agent that starts", () => {
  it("puts every export back, with the listener closed until all are linked (V42, V46)", async (t) => {
    const bench = await TargetBench.open(t);
    const first = await bench.start();
    for (const name of ["a", "b"]) {
      await first.agent.create({ id: bench.id(name), name, size }, signal());
      await first.agent.publish(bench.id(name), { node: bench.node("node-a"), access }, signal());
    }
    const before = bench.exports();
    reboot(bench);
    const already = bench.tree.calls.length;
    const { report } = await bench.start();
    assert.deepEqual(bench.exports().toSorted(), before.toSorted());
    assert.deepEqual([report.kept, report.restored], [0, 2]);
    const isOrdered = (call: string) => call.startsWith("run nft") || call.startsWith("symlink ports/");
    const steps = bench.tree.calls.slice(already).filter(isOrdered);
    const [close = "", ...rest] = steps;
    assert.match(close, /^run nft .*dport \{ 4420 \}.*syn reject with tcp reset/s);
    assert.deepEqual(
      rest.slice(0, -1).map((call) => call.split(" ")[0]),
      ["symlink", "symlink", "symlink"],
      "two volumes, and what keeps the port open",
    );
    assert.match(rest.at(-1) ?? "", /^run nft /);
    assert.doesNotMatch(rest.at(-1) ?? "", /dport/, "the rule is gone");
  });

  it("touches nothing that is complete: a restart of the process costs no connection", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    await agent.create({ id: bench.id("a"), name: "a", size }, signal());
    await agent.publish(bench.id("a"), { node: bench.node("node-a"), access }, signal());
    const before = bench.tree.calls.length;
    bench.programs.length = 0;
    const { report } = await bench.start();
    assert.deepEqual([report.kept, report.restored], [1, 0]);
    const inTree = bench.tree.calls.slice(before).filter((call) => /^\w+ (subsystems|hosts|ports)\//.test(call));
    assert.deepEqual(inTree, [`write subsystems/${bench.nqn("a")}/namespaces/1/revalidate_size`]);
    const opened = ["nft add table inet nvmetcp_csi\ndelete table inet nvmetcp_csi"];
    assert.deepEqual(bench.programs, opened, "the listener was never closed, only opened for good measure");
  });

  it("finishes a fence that was begun, before it serves anything", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    const [id, node] = [bench.id("a"), bench.node("node-a")];
    await agent.create({ id, name: "a", size }, signal());
    const { epoch } = await agent.publish(id, { node, access }, signal());
    bench.tree.killAfter(1);
    await assert.rejects(agent.unpublish(id, node, signal()), /killed/);
    const restarted = await bench.start();
    assert.deepEqual(bench.exports(), []);
    assert.deepEqual((await restarted.agent.get(id, signal()))?.publications, []);
    assert.equal((await restarted.agent.publish(id, { node, access }, signal())).epoch, epoch + 1);
  });

  it("does not export a volume whose backing file is another one, says so, and exports the others (V8)", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    for (const name of ["a", "b"]) {
      await agent.create({ id: bench.id(name), name, size }, signal());
      await agent.publish(bench.id(name), { node: bench.node("node-a"), access }, signal());
    }
    fs.renameSync(bench.image("a"), `${bench.image("a")}.kept`);
    fs.writeFileSync(bench.image("a"), "");
    fs.truncateSync(bench.image("a"), Number(size));
    reboot(bench);
    const restarted = await bench.start();
    assert.ok(!bench.tree.list("subsystems").includes(bench.nqn("a")));
    assert.ok(bench.tree.list("subsystems").includes(bench.nqn("b")));
    const condition = (await restarted.agent.get(bench.id("a"), signal()))?.condition;
    assert.equal(condition?.abnormal, true);
    assert.match(condition.message, /must be the file made for volume/);
    assert.equal((await restarted.agent.get(bench.id("b"), signal()))?.condition.abnormal, false);
  });

  it("exports also what it cannot look into, and looks again later", async (t) => {
    const bench = await TargetBench.open(t);
    await publishAll(bench, ["a"]);
    fs.writeFileSync(bench.image("a"), "data", { flag: "r+" });
    reboot(bench);
    bench.blkidStatus = 4;
    const { agent, exporter } = await bench.start();
    assert.ok(bench.tree.list("subsystems").includes(bench.nqn("a")));
    assert.match((await agent.get(bench.id("a"), signal()))?.condition.message ?? "", /cannot run blkid/);
    bench.blkidStatus = 2;
    await tendAll({ agent, exporter }, { signal: signal(), onError: (error) => assert.ifError(error) });
    const volume = await agent.get(bench.id("a"), signal());
    assert.deepEqual([volume?.content.state, volume?.condition.abnormal], ["present", false]);
  });

  it("is not stopped by an error of one volume's file, and exports it once the file is back", async (t) => {
    const bench = await TargetBench.open(t);
    await publishAll(bench, ["a", "b"]);
    reboot(bench);
    const stat = fs.promises.stat.bind(fs.promises);
    let isBroken = true;
    t.mock.method(fs.promises, "stat", async (...args: Parameters<typeof stat>) => {
      if (isBroken && args[0] === bench.image("a")) throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
      return await stat(...args);
    });
    syncBuiltinESMExports();
    const { agent, exporter } = await bench.start();
    assert.match((await agent.get(bench.id("a"), signal()))?.condition.message ?? "", /EIO/);
    assert.ok(bench.tree.list("subsystems").includes(bench.nqn("b")));
    isBroken = false;
    await tendAll({ agent, exporter }, { signal: signal(), onError: (error) => assert.ifError(error) });
    assert.ok(bench.tree.list("subsystems").includes(bench.nqn("a")));
    assert.equal((await agent.get(bench.id("a"), signal()))?.condition.abnormal, false);
  });

  it("opens the gate when a listener cannot be opened, says so, and opens it later", async (t) => {
    const bench = await TargetBench.open(t);
    await publishAll(bench, ["a"]);
    reboot(bench);
    const symlink = fs.promises.symlink.bind(fs.promises);
    let isBroken = true;
    t.mock.method(fs.promises, "symlink", async (...args: Parameters<typeof symlink>) => {
      if (isBroken && String(args[1]).includes("/ports/")) throw new Error("EADDRNOTAVAIL");
      await symlink(...args);
    });
    syncBuiltinESMExports();
    const { agent, exporter, report } = await bench.start();
    assert.match(report.faults.join(), /EADDRNOTAVAIL/);
    assert.doesNotMatch(bench.programs.at(-1) ?? "", /dport/, "the gate is open");
    assert.match((await agent.get(bench.id("a"), signal()))?.condition.message ?? "", /EADDRNOTAVAIL/);
    isBroken = false;
    await tendAll({ agent, exporter }, { signal: signal(), onError: (error) => assert.ifError(error) });
    assert.equal(bench.tree.list("ports", "19200", "subsystems").length, 2);
    assert.equal((await agent.get(bench.id("a"), signal()))?.condition.abnormal, false);
  });

  it("restores an export that is not there though nobody remembers why, and lets no volume hold up another", async (t) => {
    const bench = await TargetBench.open(t);
    await publishAll(bench, ["a", "b"]);
    const { agent, exporter } = await bench.start();
    reboot(bench);
    const stat = fs.promises.stat.bind(fs.promises);
    t.mock.method(fs.promises, "stat", async (...args: Parameters<typeof stat>) => {
      if (args[0] === bench.image("a")) await new Promise(() => undefined);
      return await stat(...args);
    });
    syncBuiltinESMExports();
    const errors: unknown[] = [];
    await tendAll({ agent, exporter }, { signal: signal(), onError: (error) => errors.push(error) }, 500);
    assert.equal(errors.length, 1, "only the one that hangs");
    assert.ok(bench.tree.list("subsystems").includes(bench.nqn("b")));
    assert.ok(!bench.tree.list("subsystems").includes(bench.nqn("a")));
  });

  it("reports what others have in configfs and leaves it alone", async (t) => {
    const bench = await TargetBench.open(t);
    const foreign = "nqn.2014-08.org.example:theirs";
    fs.mkdirSync(`${bench.tree.root}/subsystems/${foreign}`);
    fs.mkdirSync(`${bench.tree.root}/ports/1`);
    const { report } = await bench.start();
    assert.deepEqual(report.foreign.subsystems, [foreign]);
    assert.deepEqual(report.foreign.ports, ["1"]);
    assert.deepEqual(bench.exports(), [`subsystems/${foreign}`, "ports/1"]);
  });

  it("knows content that was written, and does not forget it when the file reads blank again", async (t) => {
    const bench = await TargetBench.open(t);
    const { agent } = await bench.start();
    const [id, node] = [bench.id("a"), bench.node("node-a")];
    await agent.create({ id, name: "a", size }, signal());
    await agent.publish(id, { node, access }, signal());
    const file = fs.openSync(bench.image("a"), "r+");
    fs.writeSync(file, "data", 4096);
    fs.fsyncSync(file);
    await agent.lookAt(id, signal());
    assert.deepEqual((await agent.get(id, signal()))?.content, { state: "present", type: "unknown" });
    fs.ftruncateSync(file, 0);
    fs.ftruncateSync(file, Number(size));
    fs.closeSync(file);
    const restarted = await bench.start();
    assert.equal((await restarted.agent.get(id, signal()))?.content.state, "present");
    await restarted.agent.unpublish(id, node, signal());
    const again = await restarted.agent.publish(id, { node, access }, signal());
    assert.equal(again.content.state, "present", "the gate refuses to format it");
    assert.equal((await restarted.agent.get(id, signal()))?.condition.abnormal, true);
  });
});
