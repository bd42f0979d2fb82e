/**
 * The image's part of the cache. The caller of all of this holds its lock.
 * 1. Folders of unfinished builds are gone when the build ends; those of a killed build go with the next one.
 * 2. Of the finished ones a few are kept, those used last: several checkouts, and the previous commit, share the cache.
 */
import { mkdtemp, readdir, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { poll } from "../../src/host/clock.ts";
import { runTool } from "../lab/run-tool.ts";

const prefix = "build-";
const kept = 3;

export async function temporaryFolder(cache: string): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(cache, prefix));
  // What an aborted build started may write for a moment longer, so the first attempt may fail.
  const remove = async () => {
    const limit = AbortSignal.timeout(60_000);
    const attempt = async () =>
      removeTree(path, limit).then(
        () => true,
        () => undefined,
      );
    await poll(attempt, limit);
  };
  return { path, [Symbol.asyncDispose]: remove };
}

/** What killed builds left: under the lock no build runs. */
export async function removeUnfinished(cache: string, signal: AbortSignal): Promise<void> {
  for (const name of await readdir(cache)) if (name.startsWith(prefix)) await removeTree(join(cache, name), signal);
}

/** Marks an entry as used now and removes all but the last three like it. */
export async function keepRecent(entry: string, isLike: (name: string) => boolean, signal: AbortSignal): Promise<void> {
  const now = new Date();
  await utimes(entry, now, now);
  const cache = dirname(entry);
  const alike = (await readdir(cache)).filter(isLike).map((name) => join(cache, name));
  const aged = await Promise.all(alike.map(async (path) => ({ path, used: (await stat(path)).mtimeMs })));
  for (const { path } of aged.toSorted((a, b) => b.used - a.used).slice(kept)) await removeTree(path, signal);
}

/** Never leaves the file system: a build that was killed may have left /proc or /dev mounted. */
export async function removeTree(path: string, signal: AbortSignal): Promise<void> {
  await runTool(["rm", "--recursive", "--force", "--one-file-system", path], signal);
}
