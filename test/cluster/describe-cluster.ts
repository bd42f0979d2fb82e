/** What somebody needs to see who wants to know why a scenario failed. */
import type { Cluster } from "./cluster.ts";

const views: readonly (readonly string[])[] = [
  ["get", "nodes,pods,persistentvolumeclaims,persistentvolumes,volumeattachments", "--all-namespaces", "--output=wide"],
  ["get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"],
];

const linesOfLog = 40;

export async function describeCluster(cluster: Cluster, signal: AbortSignal): Promise<string> {
  const parts: string[] = [];
  const add = async (title: string, read: () => Promise<string>) => {
    const text = await read().catch((error: unknown) => String(error));
    parts.push(`--- ${title}\n${text.trimEnd()}`);
  };
  for (const view of views) await add(`kubectl ${view.join(" ")}`, async () => cluster.kubectl(view, { signal }));
  for (const pod of await podsOf(cluster, signal)) {
    const [namespace = "", name = ""] = pod.split("/");
    const logs = ["logs", name, `--namespace=${namespace}`, "--all-containers", "--prefix", `--tail=${linesOfLog}`];
    await add(`logs of ${pod}`, async () => cluster.kubectl(logs, { signal }));
  }
  for (const node of cluster.nodes) {
    for (const source of ["console", "containerd", "kubelet"] as const) {
      await add(`${node.name}: ${source}`, async () =>
        (await node.logs(source)).split("\n").slice(-linesOfLog).join("\n"),
      );
    }
  }
  return parts.join("\n");
}

async function podsOf(cluster: Cluster, signal: AbortSignal): Promise<readonly string[]> {
  const path = '{range .items[*]}{.metadata.namespace}/{.metadata.name}{"\\n"}{end}';
  const view = ["get", "pods", "--all-namespaces", `--output=jsonpath=${path}`];
  const list = await cluster.kubectl(view, { signal }).catch(() => "");
  return list.split("\n").filter(Boolean);
}
