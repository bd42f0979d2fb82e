/** The driver's Helm release in a cluster of the test bed, as a user installs it. */
import { join } from "node:path";
import type { ClusterNode } from "../cluster/cluster-node.ts";
import type { Cluster } from "../cluster/cluster.ts";

export const namespace = "kube-system";
export const driverPod = "nvmetcp-csi-0";
const release = "nvmetcp-csi";
const ofRelease = ["--namespace", namespace] as const;

export interface Source {
  /** A folder. */
  readonly chart: string;
  /** Of the image; the chart's own unless given. */
  readonly tag?: string;
  /** One of the chart's documented values files, by name without `.yaml`. */
  readonly values?: string;
  /** Values on top, by path. */
  readonly set?: Readonly<Record<string, unknown>>;
}

/** This checkout. */
export const current: Source = { chart: join(import.meta.dirname, "../../charts/nvmetcp-csi") };

/** This checkout with VolumeSnapshots; the cluster must have their CRDs. */
export const withSnapshots: Source = { ...current, values: "snapshots" };

/** And with groups of them; the node must have the thin pool that the values name (node-pool.ts). */
export const withGroups: Source = { ...current, values: "group-snapshots" };

/** Installs the release, or upgrades it; leaves it as it is when it is this one already. Returns what helm says. */
export async function install(cluster: Cluster, signal: AbortSignal, source = current): Promise<string> {
  const { chart, tag, values, set = {} } = source;
  const image = tag === undefined ? [] : ["--set", `image.tag=${tag}`];
  const file = values === undefined ? [] : ["--values", join(chart, "values", `${values}.yaml`)];
  const further = Object.entries(set).flatMap(([path, value]) => ["--set-json", `${path}=${JSON.stringify(value)}`]);
  const options = [...ofRelease, ...file, ...image, ...further];
  const action = ["upgrade", "--install", "--reset-values", release, chart, ...options];
  const said = await cluster.helm(action, { signal });
  await driverServes(cluster, signal);
  return said;
}

/** Waits until the release's pod is of its newest generation, ready and registered. */
export async function driverServes(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await cluster.kubectl(["rollout", "status", `statefulset/${release}`, ...ofRelease, "--timeout=0"], { signal });
  const object = [`csinode/${onlyNode(cluster).name}`];
  await cluster.waitForField(object, "{.spec.drivers[*].name}", /csi\.nvmetcp\.dev/, signal);
}

/** How often the driver's container was started again, and what it said at the end of its life before. */
export async function driverRestarts(cluster: Cluster, signal: AbortSignal): Promise<{ count: number; log: string }> {
  const path = '{.status.containerStatuses[?(@.name=="driver")].restartCount}';
  const count = await cluster.kubectl(["get", `pod/${driverPod}`, ...ofRelease, `--output=jsonpath=${path}`], {
    signal,
  });
  if (count === "0") return { count: 0, log: "" };
  const logs = ["logs", driverPod, ...ofRelease, "--container=driver", "--previous", "--tail=50"];
  const describe = await cluster.kubectl(["describe", "pod", driverPod, ...ofRelease], { signal });
  return { count: Number(count), log: `${await cluster.kubectl(logs, { signal })}\n${describe}` };
}

/** Does nothing where there is no release. */
export async function uninstall(cluster: Cluster, signal: AbortSignal): Promise<string> {
  const said = await cluster.helm(["uninstall", release, ...ofRelease, "--wait", "--ignore-not-found"], { signal });
  await cluster.waitForAbsence([`pod/${driverPod}`, ...ofRelease], signal);
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
    for path in /var/lib/nvmetcp-csi/pool/{volumes,snapshots,records}/*; do echo "pool: $path"; done
    for path in /var/lib/nvmetcp-csi/state/node/journal/* /var/lib/nvmetcp-csi/state/node/formatted/*; do
      echo "state: $path"
    done
    grep -oE ' /var/lib/kubelet/(plugins|pods)[^ ]*csi\\.nvmetcp\\.dev[^ ]*' /proc/self/mountinfo | sed 's/^/mount:/' || true`);
  return stdout.split("\n").filter((line) => line !== "");
}
