import assert from "node:assert/strict";
import type { Cluster } from "../cluster/cluster.ts";
import { busyboxImage } from "../cluster/images.ts";
import type { Scenario } from "../cluster/scenario.ts";
import { onlyNode, uninstall } from "../support/release.ts";
import { remove } from "../support/workloads.ts";

const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "talks" },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "main", image: busyboxImage, command: ["sh", "-c", "echo from the pod; sleep inf"] }],
  },
};

/** The driver has to load its modules itself; a mount that showed twice would be unmounted twice. */
async function assertNode(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const node = onlyNode(cluster);
  const { stdout: loaded } = await node.sh("ls /sys/module; ls /sys/kernel/config", { signal });
  assert.doesNotMatch(loaded, /nvmet|nvme_tcp/);
  await node.exec(["modprobe", "--dry-run", "--all", "nvmet", "nvmet-tcp", "nvme-tcp"], { signal });
  const pool = ["findmnt", "--noheadings", "--output=FSTYPE", "/var/lib/nvmetcp-csi/pool"];
  assert.equal((await node.exec(pool, { signal })).stdout.trim(), "xfs");
  await node.sh("mkdir /var/lib/kubelet/once && mount -t tmpfs once /var/lib/kubelet/once", { signal });
  const shown = await node.sh("grep -c ^once /proc/self/mounts; umount /var/lib/kubelet/once", { signal });
  assert.equal(shown.stdout.trim(), "1");
}

async function assertPod(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const exec = async (...command: readonly string[]) =>
    cluster.kubectl(["exec", "talks", "--", ...command], { signal });
  assert.equal(await cluster.kubectl(["logs", "talks"], { signal }), "from the pod\n");
  assert.equal(await exec("echo", "inside"), "inside\n");
  await cluster.waitForField(["pod/talks"], "{.status.podIP}", /^10\.88\.1\./, signal);
  // From a pod the API is where its environment says.
  const reach = 'nc -w 5 "$KUBERNETES_SERVICE_HOST" 443 < /dev/null && echo open';
  assert.equal(await exec("sh", "-c", reach), "open\n");
}

/** A wait that never ends well would let every scenario pass late, or fail without a word. */
async function assertWaits(cluster: Cluster): Promise<void> {
  const soon = () => AbortSignal.timeout(1000);
  const wrong = cluster.waitForField(["pod/talks"], "{.status.phase}", /^Failed$/, soon());
  await assert.rejects(wrong, /status\.phase.* of pod\/talks must fit \^Failed\$; got "Running"/);
  await assert.rejects(cluster.waitForPod("nobody", soon()), /pod\/nobody .*got .*not found/s);
  await assert.rejects(cluster.waitForAbsence(["pod/talks"], soon()), /pod\/talks must be gone; got pod\/talks/);
}

export const scenario: Scenario = {
  title: "the test bed is a real Kubernetes v1.36.3 whose node can serve NVMe/TCP and does not yet",
  ci: true,
  limitMs: 5 * 60_000,
  async run(cluster, signal) {
    await uninstall(cluster, signal);
    const version = "--output=jsonpath={.items[*].status.nodeInfo.kubeletVersion}";
    assert.equal(await cluster.kubectl(["get", "nodes", version], { signal }), "v1.36.3");
    assert.match(await cluster.kubectl(["version"], { signal }), /Server Version: v1\.36\.3/);
    await assertNode(cluster, signal);
    await cluster.apply([pod], signal);
    await cluster.waitForPod("talks", signal);
    await assertPod(cluster, signal);
    await assertWaits(cluster);
    await remove(cluster, ["pod/talks"], signal);
  },
};
