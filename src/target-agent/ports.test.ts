import assert from "node:assert/strict";
import fs from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { NvmetTree } from "../../test/support/nvmet-tree.ts";
import { exportIdentityOf, volumeIdOf, type ClusterId } from "../domain/identity.ts";
import type { Portal } from "../domain/model.ts";
import { NvmetConfigfs } from "./configfs.ts";
import { firstPortId, Ports } from "./ports.ts";

const cluster = "test-cluster" as ClusterId;
const first = { address: "192.0.2.1", port: 4420 };
const second = { address: "2001:db8::1", port: 4421 };
const signal = () => new AbortController().signal;
const refusal = (message: RegExp) => ({ kind: "precondition", message });

async function open(t: TestContext) {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-ports-"));
  t.after(async () => directory.remove());
  const tree = new NvmetTree(path.join(directory.path, "nvmet")).install(t);
  const configfs = new NvmetConfigfs(tree.root);
  const portsFor = (portals: readonly Portal[], of = cluster) => new Ports({ configfs, cluster: of, portals });
  const { nqn, serial } = exportIdentityOf(cluster, volumeIdOf(cluster, "a"));
  const volume = async () => configfs.ensureSubsystem(nqn, { serial, model: "nvmetcp-csi" });
  const linksOf = (index: number) => tree.list("ports", String(firstPortId + index), "subsystems");
  return { tree, portsFor, nqn, volume, linksOf };
}

describe("the ports of an agent", () => {
  it("are open without any volume, by a subsystem that admits no host", async (t) => {
    const { tree, portsFor } = await open(t);
    const ports = portsFor([first, second]);
    for (const _time of ["once", "again"]) await ports.open(signal());
    assert.deepEqual(tree.list("ports"), [String(firstPortId), String(firstPortId + 1)]);
    const [listener = "", ...more] = tree.list("subsystems");
    assert.deepEqual(more, []);
    assert.match(listener, /:listener$/);
    assert.equal(tree.read("subsystems", listener, "attr_allow_any_host"), "0");
    assert.deepEqual(tree.list("subsystems", listener, "allowed_hosts"), []);
    assert.deepEqual(tree.list("subsystems", listener, "namespaces"), []);
    await ports.close(signal());
    assert.deepEqual(tree.objects(), []);
  });

  it("stay open when the last volume goes", async (t) => {
    const { portsFor, nqn, volume, linksOf } = await open(t);
    const ports = portsFor([first]);
    await ports.open(signal());
    await volume();
    await ports.link(nqn, signal());
    assert.equal(linksOf(0).length, 2);
    await ports.unlink(nqn, signal());
    assert.equal(linksOf(0).length, 1);
  });

  it("outlive the agent while a volume is exported", async (t) => {
    const { tree, portsFor, nqn, volume } = await open(t);
    const ports = portsFor([first]);
    await ports.open(signal());
    await volume();
    await ports.link(nqn, signal());
    const before = tree.objects();
    await ports.close(signal());
    assert.deepEqual(tree.objects(), before);
  });

  it("are refused when somebody else's subsystem is linked there", async (t) => {
    const { tree, portsFor } = await open(t);
    const ports = portsFor([first]);
    await ports.assertOwn();
    await ports.open(signal());
    await ports.assertOwn();
    const links = path.join(tree.root, "ports", String(firstPortId), "subsystems");
    fs.symlinkSync("/theirs", path.join(links, "nqn.2014-08.org.example:theirs"));
    await assert.rejects(ports.assertOwn(), refusal(/org\.example:theirs/));
    await assert.rejects(portsFor([second]).assertOwn(), refusal(/org\.example:theirs/));
  });

  it("do not move to another portal, nor go, while volumes are exported there", async (t) => {
    const { portsFor, nqn, volume, linksOf } = await open(t);
    await portsFor([first, second]).open(signal());
    await volume();
    await portsFor([first, second]).link(nqn, signal());
    await assert.rejects(portsFor([second, first]).assertOwn(), refusal(/exported at 192\.0\.2\.1:4420/));
    await assert.rejects(portsFor([first]).assertOwn(), refusal(/exported at \[2001:db8::1\]:4421.*"no portal"/));
    await portsFor([first]).unlink(nqn, signal());
    assert.deepEqual([linksOf(0).length, linksOf(1).length], [1, 1], "a fence reaches every port of this agent");
    await portsFor([first]).assertOwn();
  });

  it("move, and go, when no volume is exported there, also those of another cluster", async (t) => {
    const { tree, portsFor } = await open(t);
    await portsFor([first, second], "other" as ClusterId).open(signal());
    const moved = portsFor([second]);
    await moved.assertOwn();
    assert.deepEqual(tree.objects(), []);
    await moved.open(signal());
    assert.equal(tree.read("ports", String(firstPortId), "addr_traddr"), second.address);
  });

  it("are used one without the other when one of them cannot listen, and that is said", async (t) => {
    const { tree, portsFor, nqn, volume, linksOf } = await open(t);
    await volume();
    const symlink = fs.promises.symlink.bind(fs.promises);
    t.mock.method(fs.promises, "symlink", async (...args: Parameters<typeof symlink>) => {
      if (String(args[1]).includes(`ports/${firstPortId}/`)) throw new Error("EADDRNOTAVAIL");
      await symlink(...args);
    });
    syncBuiltinESMExports();
    await assert.rejects(portsFor([first, second]).link(nqn, signal()), {
      kind: "unavailable",
      message: /at every portal: EADDRNOTAVAIL/,
    });
    assert.deepEqual([linksOf(0).length, linksOf(1).length], [0, 1]);
    assert.equal(tree.list("ports").length, 2);
  });

  it("are taken away when a crash left one without an address", async (t) => {
    const { tree, portsFor } = await open(t);
    await fs.promises.mkdir(path.join(tree.root, "ports", String(firstPortId)));
    await portsFor([first]).assertOwn();
    assert.deepEqual(tree.list("ports"), []);
  });
});
