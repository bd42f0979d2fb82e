import assert from "node:assert/strict";
import fs from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import {
  exportIdentityOf,
  hostIdentityOf,
  volumeIdOf,
  type ClusterId,
  type Nqn,
  type Uuid,
} from "../domain/identity.ts";
import { NvmetTree } from "../../test/support/nvmet-tree.ts";
import { NvmetConfigfs } from "./configfs.ts";
import { Exporter, type DesiredExport } from "./exporter.ts";
import { firstPortId, Ports } from "./ports.ts";

const cluster = "test-cluster" as ClusterId;
const node = "7f000000-1111-4222-8333-444455556666" as Uuid;
const portals = [
  { address: "192.0.2.1", port: 4420 },
  { address: "2001:db8::1", port: 4421 },
];

function desiredOf(name: string, epoch = 1): DesiredExport {
  const id = volumeIdOf(cluster, name);
  return {
    ...exportIdentityOf(cluster, id),
    devicePath: `/pool/${id}.img`,
    hosts: [hostIdentityOf(node, id, epoch).hostNqn],
  };
}

async function open(t: TestContext) {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-exporter-"));
  t.after(async () => directory.remove());
  const tree = new NvmetTree(path.join(directory.path, "nvmet")).install(t);
  const configfs = new NvmetConfigfs(tree.root);
  const ports = new Ports({ configfs, cluster, portals });
  return { tree, ports, exporter: new Exporter({ configfs, cluster, ports }) };
}

const signal = () => new AbortController().signal;
const set = (tree: NvmetTree, name: string, value: string) => fs.writeFileSync(path.join(tree.root, name), value);
const refusal = (message: RegExp) => ({ kind: "precondition", message });

describe("an export", () => {
  it("has the names that were computed, on every portal", async (t) => {
    const { tree, exporter } = await open(t);
    const desired = desiredOf("a");
    await exporter.ensure(desired, signal());
    const subsystem = `subsystems/${desired.nqn}`;
    assert.equal(tree.read(subsystem, "attr_serial"), desired.serial);
    assert.equal(tree.read(subsystem, "namespaces/1/device_path"), desired.devicePath);
    assert.equal(tree.read(subsystem, "namespaces/1/device_uuid"), desired.uuid);
    assert.equal(tree.read(subsystem, "namespaces/1/enable"), "1");
    assert.deepEqual(tree.list(subsystem, "allowed_hosts"), desired.hosts);
    const families = [0, 1].map((index) => tree.read("ports", String(firstPortId + index), "addr_adrfam"));
    assert.deepEqual(families, ["ipv4", "ipv6"]);
    assert.equal(await exporter.ports.haveAll(desired.nqn), true);
  });

  it("is made once: a repeat writes nothing", async (t) => {
    const { tree, exporter } = await open(t);
    await exporter.ensure(desiredOf("a"), signal());
    const writes = () => tree.calls.filter((call) => call.startsWith("write ")).length;
    const before = [writes(), tree.objects()];
    await exporter.ensure(desiredOf("a"), signal());
    assert.deepEqual([writes(), tree.objects()], before);
  });

  it("loses the hosts that its record does not name", async (t) => {
    const { tree, exporter } = await open(t);
    await exporter.ensure(desiredOf("a", 1), signal());
    await exporter.ensure(desiredOf("a", 2), signal());
    assert.deepEqual(tree.list("subsystems", desiredOf("a").nqn, "allowed_hosts"), desiredOf("a", 2).hosts);
    assert.deepEqual(tree.list("hosts"), desiredOf("a", 2).hosts);
  });

  it("is refused while any host may connect", async (t) => {
    const { tree, exporter } = await open(t);
    const desired = desiredOf("a");
    await exporter.ensure(desired, signal());
    set(tree, `subsystems/${desired.nqn}/attr_allow_any_host`, "1\n");
    await assert.rejects(exporter.ensure(desired, signal()), refusal(/attr_allow_any_host must be 0; got "1"/));
    assert.equal(
      tree.calls.filter((call) => call.endsWith("attr_allow_any_host")).length,
      0,
      "and it is never written",
    );
  });

  it("is refused when its namespace serves something else, and the namespace stays enabled (V9)", async (t) => {
    for (const [attribute, value] of [
      ["device_path", "/pool/other.img"],
      ["device_uuid", "7f000000-1111-4222-8333-444455556666"],
    ] as const) {
      const { tree, exporter } = await open(t);
      const desired = desiredOf("a");
      await exporter.ensure(desired, signal());
      set(tree, `subsystems/${desired.nqn}/namespaces/1/${attribute}`, value);
      const before = tree.calls.length;
      await assert.rejects(exporter.ensure(desired, signal()), refusal(new RegExp(`${attribute} must be`)));
      const writes = tree.calls.slice(before).filter((call) => call.startsWith("write "));
      assert.deepEqual(writes, []);
      t.mock.restoreAll();
    }
  });

  it("is not one of another cluster or of somebody else", async (t) => {
    const { tree, exporter } = await open(t);
    const other = { ...desiredOf("a"), ...exportIdentityOf("other" as ClusterId, volumeIdOf(cluster, "a")) };
    const foreign = { ...desiredOf("a"), nqn: "nqn.2014-08.org.example:theirs" as Nqn };
    for (const desired of [other, foreign]) {
      await assert.rejects(exporter.ensure(desired, signal()), refusal(/subsystems of this cluster start with/));
      await assert.rejects(exporter.link(desired.nqn, signal()), refusal(/start with/));
      await assert.rejects(exporter.withdraw(desired.nqn, [], signal()), refusal(/start with/));
      await assert.rejects(exporter.putOut(desired.nqn, [], signal()), refusal(/start with/));
    }
    assert.deepEqual(tree.objects(), []);
  });
});

describe("a withdrawal", () => {
  it("takes everything of one export and nothing of another on the same ports", async (t) => {
    const { tree, exporter } = await open(t);
    await exporter.ensure(desiredOf("a"), signal());
    const before = tree.objects();
    await exporter.ensure(desiredOf("b"), signal());
    for (const _time of ["once", "again"]) await exporter.withdraw(desiredOf("b").nqn, desiredOf("b").hosts, signal());
    assert.deepEqual(tree.objects().toSorted(), before.toSorted());
    assert.equal(await exporter.ports.haveAll(desiredOf("a").nqn), true);
    await exporter.withdraw(desiredOf("a").nqn, desiredOf("a").hosts, signal());
    assert.deepEqual(tree.objects(), []);
  });

  it("keeps a host that somebody else's subsystem still names", async (t) => {
    const { tree, exporter } = await open(t);
    const desired = desiredOf("a");
    await exporter.ensure(desired, signal());
    const theirs = path.join(tree.root, "subsystems", "nqn.2014-08.org.example:theirs", "allowed_hosts");
    fs.mkdirSync(theirs, { recursive: true });
    const [host = ""] = desired.hosts;
    fs.symlinkSync(path.join(tree.root, "hosts", host), path.join(theirs, host));
    await exporter.withdraw(desired.nqn, desired.hosts, signal());
    assert.deepEqual(tree.objects().toSorted(), [`hosts/${host}`, "subsystems/nqn.2014-08.org.example:theirs"]);
  });
});
