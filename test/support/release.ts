/** The driver's Helm release in a cluster of the test bed, as a user installs it. */
import { join } from "node:path";
import type { ClusterNode } from "../cluster/cluster-node.ts";
import type { Cluster } from "../cluster/cluster.ts";

export const namespace = "kube-system";
export const driverPod = "nvmetcp-csi-0";
const release = "nvmetcp-csi";
const chart = join(import.meta.dirname, "../../charts/nvmetcp-csi");

/** Installs the release, or leaves it as it is when it is this one already; returns what helm says. */
export async function install(cluster: Cluster, signal: AbortSignal): Promise<string> {
  const values = ["--set", "image.pullPolicy=Never"];
  const said = await cluster.helm(["upgrade", "--install", release, chart, "--namespace", namespace, ...values], {
    signal,
  });
  await cluster.waitForPod(driverPod, signal, namespace);
  await cluster.waitForField(
    [`csinode/${onlyNode(cluster).name}`],
    "{.spec.drivers[*].name}",
    /csi\.nvmetcp\.dev/,
    signal,
  );
  return said;
}

export async function uninstall(cluster: Cluster, signal: AbortSignal): Promise<string> {
  const said = await cluster.helm(["uninstall", release, "--namespace", namespace, "--wait"], { signal });
  await cluster.waitForAbsence([`pod/${driverPod}`, `--namespace=${namespace}`], signal);
  return said;
}

export function onlyNode({ nodes }: Cluster): ClusterNode {
  const [node] = nodes;
  if (node === undefined) throw new Error("BUG: a cluster without a node");
  return node;
}

/** What the driver has on its machine: exports, connections, devices, files; one line each. */
export async function censusOf(node: ClusterNode): Promise<readonly string[]> {
  const { stdout } = await node.sh(`
    shopt -s nullglob
    cd /sys/kernel/config/nvmet 2>/dev/null || true
    for path in subsystems/*:v1-* /sys/class/nvme/nvme* /dev/nvme*n*; do echo "kernel: $path"; done
    for path in /var/lib/nvmetcp-csi/pool/volumes/* /var/lib/nvmetcp-csi/pool/records/*; do echo "pool: $path"; done
    for path in /var/lib/nvmetcp-csi/state/node/journal/* /var/lib/nvmetcp-csi/state/node/formatted/*; do
      echo "state: $path"
    done
    grep -oE ' /var/lib/kubelet/(plugins|pods)[^ ]*csi\\.nvmetcp\\.dev[^ ]*' /proc/self/mountinfo | sed 's/^/mount:/' || true`);
  return stdout.split("\n").filter((line) => line !== "");
}
