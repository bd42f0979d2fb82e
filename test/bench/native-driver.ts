/** The bundle as it runs on this machine itself. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const dist = join(import.meta.dirname, "../../dist");

export const main = join(dist, "main.js");

/** The part of the bundle with the Kubernetes client, which only a controller in a pod loads. */
export async function kubernetesChunk(): Promise<string> {
  const names = await readdir(join(dist, "chunks"));
  const name = names.find((one) => one.startsWith("kube-cluster-") && one.endsWith(".js"));
  if (name === undefined) throw new Error("the bundle must have the Kubernetes client in a chunk of its own");
  return join(dist, "chunks", name);
}

/** Bytes of the programs, and of what only a controller in a pod loads. */
export async function bundleSizes(): Promise<{ readonly base: number; readonly kubernetes: number }> {
  const [program, child, kubernetes] = await Promise.all(
    [main, join(dist, "direct-io-child.js"), await kubernetesChunk()].map(async (path) => (await stat(path)).size),
  );
  return { base: (program ?? 0) + (child ?? 0), kubernetes: kubernetes ?? 0 };
}
