/** Small programs in a folder of the cluster, with which a person talks to it from another terminal. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureHelm } from "../chart/helm.ts";
import type { Cluster } from "./cluster.ts";

/** Returns the folder, to be put into PATH: kubectl, helm, and a shell for each node by its name. */
export async function writeCommandFiles(cluster: Cluster, signal: AbortSignal): Promise<string> {
  const folder = join(cluster.directory, "bin");
  await mkdir(folder);
  const put = async (name: string, command: readonly string[]) => {
    const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    const script = `#!/bin/sh\nexport KUBECONFIG=${cluster.kubeconfig}\nexec ${words.join(" ")} "$@"\n`;
    await writeFile(join(folder, name), script, { mode: 0o755 });
  };
  await put("kubectl", [...cluster.enter, join(cluster.programs, "kubectl")]);
  await put("helm", [...cluster.enter, await ensureHelm(signal)]);
  for (const node of cluster.nodes) {
    const socket = await node.machine.forward("/run/shell.sock", signal);
    await put(node.name, [process.execPath, join(import.meta.dirname, "attach.ts"), socket]);
  }
  return folder;
}
