/**
 * What takes long to make, kept below the user's cache folder and found again by its name, which stands for all that went
 * into it. A folder of the cache, here a shelf, holds entries: files or folders. Checkouts of any age share the cache, so
 * the names in it stay as they are.
 * 1. Makers on one shelf take turns (its `lock`). An entry comes and goes by one rename: nobody sees half of one.
 * 2. A maker works in a folder `build-*` that goes when it ends. What a killed one has left goes when the next maker has
 *    the lock, as then nobody else works.
 * 3. Before an entry is made, the least recently used ones like it go. The time of an entry is that of its last use.
 * 4. Removing never leaves the file system: a maker that was killed may have left /proc or /dev mounted.
 */
import { access, mkdir, mkdtemp, readdir, rename, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lockFile } from "./file-lock.ts";
import { runTool } from "./run-tool.ts";

/** Makes the file or folder `made`; the folder `work` is for what is needed meanwhile. Both are on the cache's file system. */
export type Make = (made: string, work: string) => Promise<void>;

export interface Entry {
  readonly name: string;
  readonly make: Make;
  /** How many like it stay, at least 1: itself. */
  readonly keep: number;
  /** Tells which names of the shelf are like it; all are unless given. */
  readonly isLike?: (name: string) => boolean;
  /** Also those stay that were used within so many milliseconds. */
  readonly stayMs?: number;
}

const lockName = "lock";
const workPrefix = "build-";

export function cacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "nvmetcp-csi");
}

/** The path of an entry, made first when the shelf has none. */
export async function findOrMake(shelf: string, entry: Entry, signal: AbortSignal): Promise<string> {
  const path = join(cacheDirectory(), shelf, entry.name);
  if (await use(path)) return path;
  await using locked = await LockedShelf.open(shelf, signal);
  return await locked.findOrMake(entry);
}

/** For makers that need the lock for more than one entry. */
export class LockedShelf implements AsyncDisposable {
  readonly #path: string;
  readonly #lock: AsyncDisposable;
  readonly #signal: AbortSignal;

  private constructor(path: string, lock: AsyncDisposable, signal: AbortSignal) {
    this.#path = path;
    this.#lock = lock;
    this.#signal = signal;
  }

  /** `shelf` is relative to the cache. */
  static async open(shelf: string, signal: AbortSignal): Promise<LockedShelf> {
    const path = join(cacheDirectory(), shelf);
    await mkdir(path, { recursive: true });
    await using stack = new AsyncDisposableStack();
    stack.use(await lockFile(join(path, lockName), signal));
    for (const name of await readdir(path)) if (name.startsWith(workPrefix)) await removeTree(join(path, name), signal);
    return new LockedShelf(path, stack.move(), signal);
  }

  async findOrMake(entry: Entry): Promise<string> {
    const path = join(this.#path, entry.name);
    if (await use(path)) return path;
    await this.#removeOld(entry);
    await using work = await this.workFolder();
    const made = join(work.path, "made");
    await entry.make(made, work.path);
    await rename(made, path);
    await use(path);
    return path;
  }

  async workFolder(): Promise<AsyncDisposable & { readonly path: string }> {
    const path = await mkdtemp(join(this.#path, workPrefix));
    // What an aborted maker started may write for a moment longer, so the first attempt may fail.
    const remove = async () => {
      const limit = AbortSignal.timeout(60_000);
      const removed = async () =>
        removeTree(path, limit).then(
          () => true,
          () => false,
        );
      while (!(await removed())) await delay(100, undefined, { signal: limit });
    };
    return { path, [Symbol.asyncDispose]: remove };
  }

  async #removeOld({ keep, isLike = () => true, stayMs = 0 }: Entry): Promise<void> {
    const isOther = (name: string) => name === lockName || name.startsWith(workPrefix) || !isLike(name);
    const names = (await readdir(this.#path)).filter((name) => !isOther(name));
    const used = async (name: string) => (await stat(join(this.#path, name))).mtimeMs;
    const aged = await Promise.all(names.map(async (name) => ({ name, used: await used(name) })));
    const rest = aged.toSorted((a, b) => b.used - a.used).slice(keep - 1);
    for (const { name } of rest.filter((entry) => entry.used <= Date.now() - stayMs)) {
      const leaving = join(this.#path, `${workPrefix}${name}`);
      await rename(join(this.#path, name), leaving);
      await removeTree(leaving, this.#signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]();
  }
}

/** Whether an entry is there. If so, it has been used now. */
async function use(path: string): Promise<boolean> {
  const now = new Date();
  // A cache that may only be read serves as well.
  await utimes(path, now, now).catch(() => undefined);
  return access(path).then(
    () => true,
    () => false,
  );
}

async function removeTree(path: string, signal: AbortSignal): Promise<void> {
  await runTool(["rm", "--recursive", "--force", "--one-file-system", path], signal);
}
