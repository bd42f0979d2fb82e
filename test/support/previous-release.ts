/**
 * Chart and image of the commit before this one, from which users upgrade. Its own programs build it, in a copy beside
 * the cache.
 * 1. The image bears a version of its own, because nodes know images by their names.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "../cluster/cache.ts";
import type { Progress } from "../cluster/progress.ts";
import { runTool } from "../lab/run-tool.ts";

export interface PreviousRelease {
  /** A folder. */
  readonly chart: string;
  /** An archive. */
  readonly image: string;
  /** Of the image. */
  readonly tag: string;
}

const project = join(import.meta.dirname, "../..");

async function git(argv: readonly string[], signal: AbortSignal): Promise<string> {
  return (await runTool(["git", "-C", project, ...argv], signal)).toString().trim();
}

/** With changes that are not committed, the last commit is the one before. */
async function previousCommit(signal: AbortSignal): Promise<string> {
  const changed = (await git(["status", "--porcelain"], signal)) !== "";
  return git(["rev-parse", "--verify", changed ? "HEAD" : "HEAD~1"], signal).catch((cause: unknown) => {
    const rule = "the commit before this one is needed; got a clone without it (git fetch --deepen=1)";
    throw new Error(`cannot build the previous release: ${rule}`, { cause });
  });
}

export async function previousRelease(progress: Progress, signal: AbortSignal): Promise<PreviousRelease> {
  const commit = await previousCommit(signal);
  const folder = await cached(
    { name: "previous", keep: 2 },
    commit,
    async (made, work) => {
      progress(`building the release of the previous commit, ${commit.slice(0, 7)}`);
      await build(commit, made, work, signal);
    },
    signal,
  );
  const tag = await readFile(join(folder, "tag"), "utf8");
  return { chart: join(folder, "chart"), image: join(folder, "image.tar"), tag };
}

async function build(commit: string, made: string, work: string, signal: AbortSignal): Promise<void> {
  const copy = join(work, "copy");
  const archive = join(work, "copy.tar");
  await git(["archive", "--prefix=copy/", `--output=${archive}`, commit], signal);
  await runTool(["tar", "--extract", `--file=${archive}`, `--directory=${work}`], signal);
  // Packages rarely change, and copying ours is faster. Where they differ, the copy's install script replaces them.
  await runTool(["cp", "--archive", "--reflink=auto", join(project, "node_modules"), copy], signal);
  const tag = await renameVersion(join(copy, "package.json"));
  await runTool(["npm", "run", "--silent", "image", "--", "--output", join(made, "image.tar")], signal, { cwd: copy });
  await rename(join(copy, "charts/nvmetcp-csi"), join(made, "chart"));
  await writeFile(join(made, "tag"), tag);
}

async function renameVersion(file: string): Promise<string> {
  const description = JSON.parse(await readFile(file, "utf8")) as { readonly version: string };
  const version = `${description.version}-previous`;
  await writeFile(file, JSON.stringify({ ...description, version }));
  return version;
}
