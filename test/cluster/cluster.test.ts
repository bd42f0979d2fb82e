/**
 * The test bed itself: what a scenario may rely on.
 */
import assert from "node:assert/strict";
import { access, readdir, readFile, readlink } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { startCluster } from "./start-cluster.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterNode } from "./cluster-node.ts";
import { busyboxImage } from "./images.ts";

// The first run builds Kubernetes.
const limit = { timeout: 30 * 60_000 };

const pod = (name: string, command: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "main", image: busyboxImage, command: ["sh", "-c", command] }],
  },
});

/** Processes of this machine that mention a text, or live in a network namespace. */
async function processesOf(text: string, namespace: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    const lives = await readlink(`/proc/${pid}/ns/net`).catch(() => "");
    if (command.includes(text) || lives === namespace) found.push(command.replaceAll("\0", " "));
  }
  return found;
}

describe("a cluster of the test bed", limit, () => {
  let cluster: Cluster;
  let node: ClusterNode;
  before(async () => {
    cluster = await startCluster();
    const [first] = cluster.nodes;
    assert.ok(first);
    node = first;
  }, limit);
  after(async () => cluster[Symbol.asyncDispose]());

  it("has a node that is Ready, of the version that was asked for", async (t) => {
    const path = "--output=jsonpath={.items[*].status.nodeInfo.kubeletVersion}";
    assert.equal(await cluster.kubectl(["get", "nodes", path], t), "v1.36.3");
    assert.match(await cluster.kubectl(["version"], t), /Server Version: v1\.36\.3/);
  });

  it("has an NVMe/TCP kernel with nothing of it loaded, and a pool for the driver", async () => {
    const { stdout } = await node.sh("ls /sys/module; ls /sys/kernel/config");
    assert.doesNotMatch(stdout, /nvmet|nvme_tcp/);
    await node.exec(["modprobe", "--dry-run", "--all", "nvmet", "nvmet-tcp", "nvme-tcp"]);
    const { stdout: pool } = await node.exec([
      "findmnt",
      "--noheadings",
      "--output=FSTYPE",
      "/var/lib/nvmetcp-csi/pool",
    ]);
    assert.equal(pool.trim(), "xfs");
  });

  it("shows a mount below the kubelet's folder once", async () => {
    await node.sh("mkdir /var/lib/kubelet/once && mount -t tmpfs once /var/lib/kubelet/once");
    const { stdout } = await node.sh("grep -c ^once /proc/self/mounts; umount /var/lib/kubelet/once");
    assert.equal(stdout.trim(), "1");
  });

  it("runs a pod, with its logs and a shell in it", async (t) => {
    await cluster.apply([pod("talks", "echo from the pod; sleep inf")], t.signal);
    await cluster.waitForPod("talks", t.signal);
    assert.equal(await cluster.kubectl(["logs", "talks"], t), "from the pod\n");
    assert.equal(await cluster.kubectl(["exec", "talks", "--", "echo", "inside"], t), "inside\n");
    const address = await cluster.kubectl(["get", "pod", "talks", "--output=jsonpath={.status.podIP}"], t);
    assert.match(address, /^10\.88\.1\./);
    // From a pod the API is where its environment says, with the certificate that its service account trusts.
    const reach = [
      "exec",
      "talks",
      "--",
      "sh",
      "-c",
      'nc -w 5 "$KUBERNETES_SERVICE_HOST" 443 < /dev/null && echo open',
    ];
    assert.equal(await cluster.kubectl(reach, t), "open\n");
  });

  it("waits for what it is told, and says what it got instead when the time is over", async () => {
    const wait = cluster.waitForField(["pod/talks"], "{.status.phase}", /^Failed$/, AbortSignal.timeout(1000));
    await assert.rejects(wait, /status\.phase.* of pod\/talks must fit \^Failed\$; got "Running"/);
    const none = cluster.waitForPod("nobody", AbortSignal.timeout(1000));
    await assert.rejects(none, /pod\/nobody .*got .*not found/s);
  });

  it("keeps its pods while the kubelet and containerd restart", async (t) => {
    const started = "--output=jsonpath={.status.containerStatuses[0].state.running.startedAt}";
    const before = await cluster.kubectl(["get", "pod", "talks", started], t);
    for (const name of ["containerd", "kubelet"] as const) {
      const pid = (await node.exec(["pgrep", "--exact", name])).stdout;
      await node.service("restart", name, t.signal);
      const fresh = await node.sh(`until pgrep --exact ${name}; do sleep 0.1; done`);
      assert.notEqual(fresh.stdout, pid);
    }
    await cluster.apply([pod("later", "sleep inf")], t.signal);
    await cluster.waitForPod("later", t.signal);
    await cluster.waitForPod("talks", t.signal);
    assert.equal(await cluster.kubectl(["get", "pod", "talks", started], t), before);
  });

  it("comes back from a power loss by itself, with its state and its pool", async (t) => {
    await node.sh(
      "echo kept > /var/lib/nvmetcp-csi/pool/file; sync -f /var/lib/nvmetcp-csi/pool; echo lost > /tmp/file",
    );
    const earlier = await node.bootId(t.signal);
    await node.reset(t.signal);
    assert.notEqual(await node.bootId(t.signal), earlier);
    await cluster.waitForNode(node, t.signal);
    assert.equal((await node.exec(["cat", "/var/lib/nvmetcp-csi/pool/file"])).stdout, "kept\n");
    await assert.rejects(node.machine.readFile("/tmp/file"), /ENOENT/);
    const restarts = "{.status.containerStatuses[0].restartCount}";
    await cluster.waitForField(["pod/talks"], restarts, /^[1-9]/, t.signal);
    await cluster.waitForPod("talks", t.signal);
    assert.equal(await cluster.kubectl(["logs", "talks"], t), "from the pod\n");
    assert.match(await node.logs("kubelet"), /node1 lost its power\n[^]*kubelet/i);
    assert.match(await node.logs("console"), /Linux|boot|mount/i);
  });

  it("leaves no process, no network namespace and no file", async (t) => {
    await cluster.kubectl(["delete", "pod", "--all"], t);
    await cluster.waitForAbsence(["pods"], t.signal);
    const file = cluster.enter.find((word) => word.startsWith("--net="))?.slice("--net=".length) ?? "";
    const namespace = await readlink(file);
    assert.ok((await processesOf(cluster.directory, namespace)).length >= 6);
    await cluster[Symbol.asyncDispose]();
    assert.deepEqual(await processesOf(cluster.directory, namespace), []);
    await assert.rejects(access(cluster.directory), /ENOENT/);
  });
});
