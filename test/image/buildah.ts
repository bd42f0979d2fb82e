/**
 * buildah with a storage of its own below one folder, so that nothing of the machine's images is read or changed.
 * 1. Storage driver vfs and isolation chroot: plain directories, no overlay, no user namespaces, no systemd. They work
 *    inside a container too.
 * 2. vfs copies the whole root for each layer, so builds here cache no layers; driver-image.ts keeps results instead.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "../lab/run-tool.ts";

/** Runs one buildah command and returns its standard output. */
export type Buildah = (args: readonly string[], signal: AbortSignal) => Promise<string>;

export async function buildahIn(folder: string): Promise<Buildah> {
  const [graph, run, temporary] = ["graph", "run", "tmp"].map((name) => join(folder, name)) as [string, string, string];
  const config = join(folder, "storage.conf");
  await mkdir(temporary, { recursive: true });
  const lines = ["[storage]", 'driver = "vfs"', `graphroot = "${graph}"`, `runroot = "${run}"`];
  await writeFile(config, `${lines.join("\n")}\n`);
  const env = { CONTAINERS_STORAGE_CONF: config, TMPDIR: temporary, BUILDAH_ISOLATION: "chroot" };
  return async (args, signal) => (await runTool(["buildah", ...args], signal, { env })).toString().trim();
}
