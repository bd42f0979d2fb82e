/** Which services each mode serves, and how the socket is kept. */
import assert from "node:assert/strict";
import { lstat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import path from "node:path";
import { describe, it } from "node:test";
import { mountCapability, refused } from "../controller-contract/bench.ts";
import { runDriver, startDriver, testCluster } from "../../support/driver-process.ts";
import { makeKubeletPaths } from "../../support/kubelet-paths.ts";
import { nodeIdOf } from "../../support/node-ids.ts";

const kill = "SIGKILL";

describe("the mode of a driver", () => {
  it("all-in-one takes a volume through its whole life over one socket", async (t) => {
    await using driver = await startDriver({ signal: t.signal });
    await using paths = await makeKubeletPaths();
    const { identity, controller, node } = driver.client;
    assert.equal((await identity.GetPluginInfo({})).name, "csi.nvmetcp.dev");
    const { volume } = await controller.CreateVolume({ name: "life", volume_capabilities: [mountCapability] });
    const volume_id = volume?.volume_id ?? "";
    const { node_id } = await node.NodeGetInfo({});
    const volume_capability = mountCapability;
    const { publish_context } = await controller.ControllerPublishVolume({ volume_id, node_id, volume_capability });
    const stage = { volume_id, publish_context, staging_target_path: paths.staging, volume_capability };
    const publish = { ...stage, target_path: paths.target };
    for (const _time of ["once", "again"]) {
      await node.NodeStageVolume(stage);
      await node.NodePublishVolume(publish);
    }
    const { usage } = await node.NodeGetVolumeStats({ volume_id, volume_path: paths.target });
    assert.deepEqual(
      usage.map(({ unit }) => unit),
      ["BYTES", "INODES"],
    );
    for (const _time of ["once", "again"]) {
      await node.NodeUnpublishVolume({ volume_id, target_path: paths.target });
      await node.NodeUnstageVolume({ volume_id, staging_target_path: paths.staging });
      await controller.ControllerUnpublishVolume({ volume_id, node_id });
      await controller.DeleteVolume({ volume_id });
    }
    const { entries } = await controller.ListVolumes({});
    assert.deepEqual(entries, []);
  });

  it("controller and node each serve their own service, side by side on two sockets", async (t) => {
    await using controller = await startDriver({ mode: "controller", signal: t.signal });
    await using node = await startDriver({ mode: "node", signal: t.signal });
    for (const driver of [controller, node]) {
      assert.equal((await driver.client.identity.Probe({})).ready?.value, true);
    }
    assert.deepEqual((await controller.client.controller.ListVolumes({})).entries, []);
    assert.match((await node.client.node.NodeGetInfo({})).node_id, /^v1\./);
    const volume = { volume_id: `memory/v1-${"0".repeat(32)}` };
    await refused(controller.client.node.NodeGetInfo({}), "UNIMPLEMENTED");
    await refused(controller.client.node.NodeUnstageVolume(volume), "UNIMPLEMENTED");
    await refused(node.client.controller.ListVolumes({}), "UNIMPLEMENTED");
    await refused(node.client.controller.DeleteVolume(volume), "UNIMPLEMENTED");
  });

  it("keeps its node id over restarts, and takes a new one under another name", async (t) => {
    await using paths = await makeKubeletPaths();
    const start = async (name: string) => {
      const flags = ["--state-dir", path.join(paths.root, "state"), "--node-name", name];
      await using driver = await startDriver({ mode: "node", flags, signal: t.signal });
      const { node_id } = await driver.client.node.NodeGetInfo({});
      await driver.stop();
      return node_id;
    };
    const first = await start("worker-1");
    const [, uuid = ""] = /^v1\.[0-9a-f]{16}\.([0-9a-f-]{36})\./.exec(first) ?? [];
    assert.equal(first.split(".")[1], nodeIdOf("worker-1").split(".")[1]);
    assert.equal(await start("worker-1"), first);
    const second = await start("worker-2");
    assert.equal(second.split(".")[1], nodeIdOf("worker-2").split(".")[1]);
    assert.ok(uuid !== "" && !second.includes(uuid));
  });
});

describe("the socket of a driver", () => {
  it("is open to its owner only, and gone after a stop", async (t) => {
    await using driver = await startDriver({ signal: t.signal });
    const { mode } = await lstat(driver.socketPath);
    assert.equal(mode & 0o777, 0o600);
    const { exitCode } = await driver.stop();
    assert.equal(exitCode, 0);
    await assert.rejects(lstat(driver.socketPath), { code: "ENOENT" });
  });

  it("may have the longest path that the kernel takes", async (t) => {
    await using paths = await makeKubeletPaths();
    const socketPath = path.join(paths.root, "s".repeat(107 - paths.root.length - 1));
    assert.equal(Buffer.byteLength(socketPath), 107);
    await using driver = await startDriver({ socketPath, signal: t.signal });
    assert.ok((await lstat(driver.socketPath)).isSocket());
  });

  it("replaces the socket of a driver that was killed", async (t) => {
    await using paths = await makeKubeletPaths();
    const socketPath = path.join(paths.root, "csi.sock");
    {
      await using first = await startDriver({ socketPath, signal: t.signal });
      process.kill(first.pid, kill);
      await first.stop();
    }
    assert.ok((await lstat(socketPath)).isSocket(), "the stale socket is still there");
    await using second = await startDriver({ socketPath, signal: t.signal });
    assert.equal((await second.client.identity.Probe({})).ready?.value, true);
  });

  it("refuses a socket that somebody serves, and leaves it to them", async (t) => {
    await using first = await startDriver({ signal: t.signal });
    const argv = ["all-in-one", "--backend", "memory", "--cluster-id", testCluster];
    const endpoint = ["--csi-endpoint", `unix://${first.socketPath}`, "--state-dir", path.join(first.stateDir, "b")];
    const { exitCode, stderr } = await runDriver([...argv, ...endpoint], { signal: t.signal });
    assert.equal(exitCode, 1);
    assert.match(stderr, /cannot listen on .*csi\.sock: another process serves it/);
    assert.equal((await first.client.identity.Probe({})).ready?.value, true);
  });

  it("never removes what is no socket", async (t) => {
    await using paths = await makeKubeletPaths();
    const file = path.join(paths.root, "precious");
    await writeFile(file, "data");
    const argv = ["all-in-one", "--backend", "memory", "--cluster-id", testCluster, "--state-dir", paths.root];
    const { exitCode, stderr } = await runDriver([...argv, "--csi-endpoint", `unix://${file}`], { signal: t.signal });
    assert.equal(exitCode, 1);
    assert.match(stderr, /must be a socket or absent/);
    assert.ok((await lstat(file)).isFile());
  });

  it("refuses a socket on which somebody listens without speaking gRPC", async (t) => {
    await using paths = await makeKubeletPaths();
    const socketPath = path.join(paths.root, "other.sock");
    await using server = createServer((socket) => socket.destroy()).listen(socketPath);
    await once(server, "listening");
    const argv = ["controller", "--backend", "memory", "--cluster-id", testCluster, "--state-dir", paths.root];
    const ending = await runDriver([...argv, "--csi-endpoint", `unix://${socketPath}`], { signal: t.signal });
    assert.equal(ending.exitCode, 1);
    assert.match(ending.stderr, /another process serves it/);
  });
});
