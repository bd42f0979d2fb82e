/**
 * The layer `file`: one sparse file for each volume and snapshot, in a directory on a file system with reflinks.
 *
 * Y1  A file's identity is its inode and birth time; its size must be that of the record.
 * Y2  A copy is one FICLONE: the kernel lets no write into the source meanwhile, so it is of one instant.
 * Y3  Nothing is over-committed unless the pool says so (room.ts).
 * Y4  Files are looked at only until the answer is sure, so that making a volume does not take longer with each one that
 *     there is. A file that was not looked at counts as the most that it can still take.
 * Y5  Before the kernel changes the size of a file, it waits for the direct writes to it; also when the size stays as it is.
 */
import { dirname, join } from "node:path";
import { failure } from "../../domain/errors.ts";
import type { Bytes } from "../../domain/capacity.ts";
import { parseSnapshotId } from "../../domain/identity.ts";
import type { Content } from "../../domain/model.ts";
import type { Children } from "../../host/child-pool.ts";
import { execOk, type Exec } from "../../host/exec.ts";
import { lstatOf, removeFile, statOf, syncDirectory } from "../../host/files.ts";
import {
  cloneFile,
  createSparseFile,
  enlargeFile,
  freeSpace,
  syncedSize,
  usedPercent,
} from "../../host/sparse-file.ts";
import type { BackingIdentity } from "../volume-record.ts";
import type { Kept, KeptObject, ObjectId, ObjectToMake, StoredObject, VolumeLayer } from "./layer.ts";
import { blocksAt, contentAt } from "./read-object.ts";
import { Room } from "./room.ts";

/** Share of the free space that is kept for the file system's own growth: 1/64. */
const reservedShare = 64n;
const sectorBytes = 512n;

export interface FileLayerDeps {
  /** It has the folders `volumes` and `snapshots`. */
  readonly directory: string;
  readonly exec: Exec;
  readonly children: Children;
  /** What may be promised, of what the file system can hold. */
  readonly overcommitPercent?: bigint;
}

export class FileLayer implements VolumeLayer {
  readonly kind = "file";
  readonly #directory: string;
  readonly #exec: Exec;
  readonly #children: Children;
  readonly #overcommitPercent: bigint;

  constructor({ directory, exec, children, overcommitPercent = 100n }: FileLayerDeps) {
    this.#directory = directory;
    this.#exec = exec;
    this.#children = children;
    this.#overcommitPercent = overcommitPercent;
  }

  #path(id: ObjectId): string {
    return join(this.#directory, parseSnapshotId(id) === undefined ? "volumes" : "snapshots", `${id}.img`);
  }

  async assertVacant(id: ObjectId): Promise<void> {
    const path = this.#path(id);
    if ((await lstatOf(path)) === undefined) return;
    throw failure("precondition", { cannot: `create ${path}`, rule: "it exists without a record; move it away" });
  }

  async create({ id, size }: ObjectToMake): Promise<BackingIdentity> {
    const path = this.#path(id);
    await createSparseFile(path, size);
    return await this.#identityOf(path);
  }

  async copy(source: StoredObject, copy: ObjectToMake): Promise<BackingIdentity> {
    return await this.copyForeign(await this.verified(source), copy);
  }

  async measure(original: string): Promise<Bytes> {
    const [found, pool] = [await lstatOf(original), await statOf(this.#directory)];
    const cannot = `import ${original}`;
    if (found?.isFile() !== true) throw failure("precondition", { cannot, rule: "it must be a file" });
    if (found.dev === pool?.dev) return found.size;
    throw failure("precondition", { cannot, rule: "it must be on the file system of the pool", got: this.#directory });
  }

  async copyForeign(original: string, { id, size }: ObjectToMake): Promise<BackingIdentity> {
    const path = this.#path(id);
    // The copy is looked at next (intent-checks.ts, import-volume.ts).
    this.#children.prepare();
    await cloneFile({ from: original, to: path, size });
    return await this.#identityOf(path);
  }

  /** nvmet's choice for files. */
  async sectorBytes(): Promise<number> {
    return await Promise.resolve(4096);
  }

  /** L4: of a file that this call has made. */
  async #identityOf(path: string): Promise<BackingIdentity> {
    try {
      const made = await statOf(path);
      if (made === undefined) throw failure("unavailable", { cannot: `create ${path}`, rule: "it vanished" });
      return { inode: made.ino, birthNs: made.birthtimeNs };
    } catch (error) {
      await removeFile(path);
      throw error;
    }
  }

  /** The file system's own affair: its mount option `discard`, or fstrim. */
  async discard(): Promise<void> {
    await Promise.resolve();
  }

  async remove(id: ObjectId): Promise<void> {
    const path = this.#path(id);
    await removeFile(path);
    await syncDirectory(dirname(path));
  }

  /** Y1. */
  async verified({ id, size, backing }: StoredObject): Promise<string> {
    const path = this.#path(id);
    const cannot = `use the backing file ${path}`;
    const found = await statOf(path);
    if (found?.isFile() !== true) throw failure("precondition", { cannot, rule: "it must exist" });
    const isFile = backing !== undefined && "inode" in backing;
    if (!isFile || found.ino !== backing.inode || found.birthtimeNs !== backing.birthNs) {
      const kind = parseSnapshotId(id) === undefined ? "volume" : "snapshot";
      const rule = `it must be the file made for ${kind} ${id}`;
      throw failure("precondition", { cannot, rule, got: { inode: found.ino, birthNs: found.birthtimeNs } });
    }
    if (found.size === size) return path;
    throw failure("precondition", { cannot, rule: `it must have ${size} bytes`, got: found.size });
  }

  async sizeOf(id: ObjectId): Promise<Bytes | undefined> {
    return await syncedSize(this.#path(id));
  }

  async grow(object: StoredObject, size: Bytes): Promise<void> {
    await enlargeFile(await this.verified(object), size);
  }

  /** Y5; in a child process, because a disk that hangs holds it up (V32). */
  async drain(id: ObjectId, signal: AbortSignal): Promise<void> {
    await execOk(this.#exec, "truncate", ["--no-create", "--size=+0", this.#path(id)], { signal });
  }

  async content(object: StoredObject, signal: AbortSignal): Promise<Content> {
    const path = await this.verified(object);
    if ((await this.allocated(object.id)) === 0n) return { state: "blank" };
    return await contentAt(this.#exec, path, signal);
  }

  async blocks(object: StoredObject, offsets: readonly Bytes[], signal: AbortSignal): Promise<readonly Buffer[]> {
    const path = await this.verified(object);
    return await blocksAt(this.#children.ask, { path, expect: { kind: "file" } }, offsets, signal);
  }

  async allocated(id: ObjectId): Promise<Bytes> {
    return ((await statOf(this.#path(id)))?.blocks ?? 0n) * sectorBytes;
  }

  async usedPercent(): Promise<number> {
    return await usedPercent(this.#directory);
  }

  async available(kept: Kept, enough?: Bytes): Promise<Bytes> {
    const free = await freeSpace(this.#directory);
    const overcommitPercent = this.#overcommitPercent;
    const room = new Room(kept, { free: free - free / reservedShare, mostOf, overcommitPercent });
    // Y4.
    for (const object of room.largestFirst()) {
      if (enough !== undefined && room.left >= enough) break;
      room.look(object, await this.allocated(object.id));
    }
    return room.left;
  }
}

/** A file with holes everywhere also takes blocks for the list of its extents: 16 bytes for each 4 KiB. */
function mostOf({ size }: KeptObject): Bytes {
  return size + size / 64n;
}
