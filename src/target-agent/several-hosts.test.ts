import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { size, TargetBench } from "../../test/support/target-bench.ts";
import { hostIdentityOf } from "../domain/identity.ts";
import type { NodeIdParts } from "../domain/node-id.ts";
import { exportOf } from "./volume-record.ts";

const signal = () => AbortSignal.timeout(10_000);
const reader = { access: "read-only", sharing: "readers" } as const;
const writer = { access: "read-write", sharing: "writers" } as const;

/** A volume for several writers that nodes a and b hold. */
async function shared(t: TestContext) {
  const bench = await TargetBench.open(t);
  const started = await bench.start();
  const id = bench.id("v");
  await started.agent.create({ id, name: "v", size, multiWriter: "block" }, signal());
  const [a, b] = [bench.node("a"), bench.node("b")];
  const hostOf = async (node: NodeIdParts) => {
    const { epoch } = await started.agent.publish(id, { node, ...writer }, signal());
    return hostIdentityOf(node.uuid, id, epoch).hostNqn;
  };
  const hosts = { a: await hostOf(a), b: await hostOf(b) };
  const subsystem = `subsystems/${bench.nqn("v")}`;
  const allowed = () => bench.tree.list(subsystem, "allowed_hosts").toSorted();
  return { bench, ...started, id, a, b, hosts, subsystem, allowed };
}

const kick = (subsystem: string) => (call: string) => call === `write ${subsystem}/attr_qid_max`;

describe("a volume that several nodes hold", () => {
  it("lets all of them in, each under a host NQN of its own", async (t) => {
    const { hosts, allowed } = await shared(t);
    assert.deepEqual(allowed(), [hosts.a, hosts.b].toSorted());
  });

  it("loses one in order: the record, its right, twice all controllers, what is on the way to the medium", async (t) => {
    const { bench, agent, id, b, hosts, subsystem, allowed } = await shared(t);
    const from = bench.tree.calls.length;
    await agent.unpublish(id, b, signal());
    const calls = bench.tree.calls.slice(from);
    const kicks = calls.flatMap((call, index) => (kick(subsystem)(call) ? [index] : []));
    const isRecord = (call: string) => call.startsWith("rename ") && call.includes("/records/");
    const places = [
      calls.findIndex(isRecord),
      calls.indexOf(`unlink ${subsystem}/allowed_hosts/${hosts.b}`),
      ...kicks,
      calls.findIndex((call) => call.startsWith("run truncate")),
      calls.findLastIndex(isRecord),
    ];
    assert.equal(kicks.length, 2, calls.join("\n"));
    assert.ok(!places.includes(-1), calls.join("\n"));
    assert.deepEqual(
      places.toSorted((one, other) => one - other),
      places,
      calls.join("\n"),
    );
    assert.ok(!calls.some((call) => call.includes("ports/")), "no port changes (V42)");
    assert.deepEqual(allowed(), [hosts.a]);
    assert.equal(bench.tree.read(subsystem, "attr_qid_max"), "128", "the number of queues stays");
  });

  it("goes with the last one as it does with a single one", async (t) => {
    const { bench, agent, id, a, b, subsystem } = await shared(t);
    await agent.unpublish(id, a, signal());
    const from = bench.tree.calls.length;
    await agent.unpublish(id, b, signal());
    assert.ok(!bench.tree.calls.slice(from).some(kick(subsystem)));
    assert.deepEqual(bench.exports(), []);
  });

  it("goes from everyone at once", async (t) => {
    const { bench, agent, id } = await shared(t);
    await agent.unpublish(id, "everyone", signal());
    assert.deepEqual(bench.exports(), []);
    await agent.delete(id, signal());
    assert.deepEqual(bench.files(), []);
  });

  it("gives a node that comes back another host NQN, and leaves the others alone", async (t) => {
    const { agent, id, b, hosts, allowed } = await shared(t);
    await agent.unpublish(id, b, signal());
    const { epoch } = await agent.publish(id, { node: b, ...writer }, signal());
    const again = hostIdentityOf(b.uuid, id, epoch).hostNqn;
    assert.notEqual(again, hosts.b);
    assert.deepEqual(allowed(), [hosts.a, again].toSorted());
  });

  it("is restored with all of them after a reboot", async (t) => {
    const { bench, id, subsystem, hosts } = await shared(t);
    fs.rmSync(bench.tree.root, { recursive: true });
    for (const name of ["subsystems", "hosts", "ports"])
      fs.mkdirSync(path.join(bench.tree.root, name), { recursive: true });
    const { agent, report } = await bench.start();
    assert.equal(report.restored, 1);
    assert.deepEqual(bench.tree.list(subsystem, "allowed_hosts").toSorted(), [hosts.a, hosts.b].toSorted());
    assert.equal((await agent.get(id, signal()))?.publications.length, 2);
  });

  it("has fenced one after a kill behind any change, by a repeat or by the next start", async (t) => {
    for (const how of ["repeat", "start"] as const) {
      for (let changes = 1; ; changes += 1) {
        const { bench, id, agent, b, hosts, allowed, exporter } = await shared(t);
        bench.tree.killAfter(changes);
        const wasKilled = await agent.unpublish(id, b, signal()).then(
          () => false,
          () => true,
        );
        const started = await bench.start();
        const where = `${how} after ${changes} changes: ${bench.tree.calls.join("\n")}`;
        if (how === "repeat") await started.agent.unpublish(id, b, signal());
        const [record] = started.agent.records();
        assert.ok(record, where);
        assert.deepEqual(record.revoking, [], where);
        // A decision that was not durable was not made.
        const isDecided = record.publications.length === 1;
        assert.ok(isDecided || how === "start", where);
        assert.deepEqual(allowed(), isDecided ? [hosts.a] : [hosts.a, hosts.b].toSorted(), where);
        assert.equal(await exporter.ports.haveAll(exportOf(record).nqn), true, where);
        t.mock.restoreAll();
        if (!wasKilled) break;
      }
    }
  });

  it("is not called fenced while the kernel shows a controller of the host", async (t) => {
    const { bench, agent, id, b, hosts } = await shared(t);
    const controller = path.join(bench.debugDirectory, bench.nqn("v"), "ctrl2");
    fs.mkdirSync(controller, { recursive: true });
    fs.writeFileSync(path.join(controller, "hostnqn"), `${hosts.b}\n`);
    await assert.rejects(agent.unpublish(id, b, AbortSignal.timeout(300)), {
      kind: "timeout",
      message: /lose their controllers/,
    });
    fs.writeFileSync(path.join(controller, "hostnqn"), `${hosts.a}\n`);
    await agent.unpublish(id, b, signal());
    assert.equal((await agent.get(id, signal()))?.publications.length, 1);
  });
});

describe("a target with an older kernel", () => {
  it("lets no second node in, and says why", async (t) => {
    const bench = await TargetBench.open(t);
    bench.release = "6.1.0-40-amd64";
    const { agent } = await bench.start();
    const id = bench.id("v");
    await agent.create({ id, name: "v", size }, signal());
    await agent.publish(id, { node: bench.node("a"), ...reader }, signal());
    await assert.rejects(agent.publish(id, { node: bench.node("b"), ...reader }, signal()), {
      kind: "attached_elsewhere",
      message: /needs Linux 6\.12 to put one of several nodes out again, and has 6\.1\.0-40-amd64/,
    });
  });

  it("fences one of several, of a pool that comes from another machine, by ending them all; the others are let in again", async (t) => {
    const { bench, id, a, b, hosts, subsystem, allowed } = await shared(t);
    bench.release = "5.15.0-1-generic";
    const { agent } = await bench.start();
    const from = bench.tree.calls.length;
    await agent.unpublish(id, b, signal());
    const calls = bench.tree.calls.slice(from);
    assert.ok(calls.includes(`rmdir ${subsystem}`), calls.join("\n"));
    assert.ok(!calls.some(kick(subsystem)));
    assert.deepEqual(allowed(), [hosts.a]);
    await agent.unpublish(id, a, signal());
    assert.deepEqual(bench.exports(), []);
  });

  it("is told by its release alone", async (t) => {
    for (const [release, canShare] of [
      ["6.12.0", true],
      ["6.13-rc1", true],
      ["7.0.1", true],
      ["10.1", true],
      ["6.11.9", false],
      ["6.2", false],
      ["5.19.17", false],
      ["odd", false],
    ] as const) {
      const bench = await TargetBench.open(t);
      bench.release = release;
      const { exporter } = await bench.start();
      assert.equal(exporter.obstacle === undefined, canShare, release);
      t.mock.restoreAll();
    }
  });
});
