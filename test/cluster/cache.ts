/**
 * Things of the test cluster that take minutes to make, each a folder in the user's cache.
 * 1. Makers of one kind take turns (a lock); a finished folder appears by one rename, so that nobody sees half of one.
 * 2. When one is made, the least recently used ones of its kind go, and what a maker that was killed has left.
 */
import { mkdir, mkdtemp, readdir, rename, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { lockFile } from "../lab/file-lock.ts";
import { cacheDirectory } from "../lab/root-image.ts";
import { runTool } from "../lab/run-tool.ts";

interface Kind {
  readonly name: string;
  /** How many stay, by the time of their last use. */
  readonly keep: number;
}

/** Fills `folder`; `work` is for what is needed meanwhile. Both lie on the cache's file system. */
type Make = (folder: string, work: string) => Promise<void>;

/** The folder `name` among its kind, made first when the cache has none. */
export async function cached(kind: Kind, name: string, make: Make, signal: AbortSignal): Promise<string> {
  const shelf = join(cacheDirectory(), "cluster", kind.name);
  const folder = join(shelf, name);
  if (!(await exists(folder))) {
    await mkdir(shelf, { recursive: true });
    await using _lock = await lockFile(join(shelf, "lock"), signal);
    if (!(await exists(folder))) {
      await removeOld(shelf, kind.keep - 1, signal);
      await build(shelf, folder, make);
    }
  }
  const now = new Date();
  await utimes(folder, now, now);
  return folder;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function build(shelf: string, folder: string, make: Make): Promise<void> {
  const work = await mkdtemp(join(shelf, "build-"));
  try {
    const made = join(work, "made");
    await mkdir(made);
    await make(made, work);
    await rename(made, folder);
  } finally {
    await removeTree(work, AbortSignal.timeout(60_000));
  }
}

async function removeOld(shelf: string, keep: number, signal: AbortSignal): Promise<void> {
  const names = (await readdir(shelf)).filter((name) => name !== "lock");
  const finished = names.filter((name) => !name.startsWith("build-")).map((name) => join(shelf, name));
  const aged = await Promise.all(finished.map(async (path) => ({ path, used: (await stat(path)).mtimeMs })));
  const old = aged.toSorted((a, b) => b.used - a.used).slice(keep);
  for (const { path } of old) await removeTree(path, signal);
  for (const name of names) if (name.startsWith("build-")) await removeTree(join(shelf, name), signal);
}

/** Never leaves the file system: a maker that was killed may have left something mounted. */
async function removeTree(path: string, signal: AbortSignal): Promise<void> {
  await runTool(["rm", "--recursive", "--force", "--one-file-system", path], signal);
}
