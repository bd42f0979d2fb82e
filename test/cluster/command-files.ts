/** Small programs in a folder of the cluster, with which a person talks to it from another terminal. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureHelm } from "../chart/helm.ts";
import type { Cluster } from "./cluster.ts";

/** Returns the folder, to be put into PATH: kubectl and helm. */
export async function writeTools(cluster: Cluster, signal: AbortSignal): Promise<string> {
  await put(cluster, "kubectl", [...cluster.enter, join(cluster.programs, "kubectl")]);
  return put(cluster, "helm", [...cluster.enter, await ensureHelm(signal)]);
}

/** The same, and in it a shell for each node by its name. */
export async function writeCommandFiles(cluster: Cluster, signal: AbortSignal): Promise<string> {
  for (const node of cluster.nodes) {
    const socket = await node.machine.forward("/run/shell.sock", signal);
    await put(cluster, node.name, [process.execPath, join(import.meta.dirname, "attach.ts"), socket]);
  }
  return writeTools(cluster, signal);
}

async function put(cluster: Cluster, name: string, command: readonly string[]): Promise<string> {
  const folder = join(cluster.directory, "bin");
  await mkdir(folder, { recursive: true });
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const script = `#!/bin/sh\nexport KUBECONFIG=${cluster.kubeconfig}\nexec ${words.join(" ")} "$@"\n`;
  await writeFile(join(folder, name), script, { mode: 0o755 });
  return folder;
}
