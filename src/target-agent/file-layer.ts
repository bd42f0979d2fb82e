/**
 * The volume layer `file`: one sparse file per volume in a pool.
 *
 * Y1  A backing file is used only while it is the very file that was made for the volume: inode, birth time and size
 *     are compared before every export (R7, V8).
 * Y2  Content is read from the file itself, never inherited: nothing allocated is blank; anything else is content,
 *     even when it cannot be named (DESIGN 5.1 a).
 */
import { failure } from "../domain/errors.ts";
import type { Bytes } from "../domain/capacity.ts";
import type { VolumeId } from "../domain/identity.ts";
import type { Content } from "../domain/model.ts";
import { probeSignature } from "../host/blkid.ts";
import type { Exec } from "../host/exec.ts";
import { lstatOf, removeFile, statOf, syncDirectory } from "../host/files.ts";
import { createSparseFile, freeSpace } from "../host/sparse-file.ts";
import { dirname } from "node:path";
import type { Pool } from "./pool.ts";
import type { BackingIdentity, VolumeRecord } from "./volume-record.ts";

/** Share of the free space that is kept for the file system's own growth: 1/64. */
const reservedShare = 64n;
const sectorBytes = 512n;

export class FileLayer {
  readonly #pool: Pool;
  readonly #exec: Exec;

  constructor(deps: { readonly pool: Pool; readonly exec: Exec }) {
    this.#pool = deps.pool;
    this.#exec = deps.exec;
  }

  /** A file that no record explains is somebody's data: it is never replaced. */
  async assertVacant(id: VolumeId): Promise<void> {
    const path = this.#pool.volumePath(id);
    if ((await lstatOf(path)) === undefined) return;
    throw failure("precondition", { cannot: `create ${path}`, rule: "it exists without a record; move it away" });
  }

  /** Makes the backing file, where none is. */
  async create(record: VolumeRecord): Promise<BackingIdentity> {
    const path = this.#pool.volumePath(record.id);
    await createSparseFile(path, record.size);
    const made = await statOf(path);
    if (made === undefined) throw failure("unavailable", { cannot: `create ${path}`, rule: "it vanished" });
    return { inode: made.ino, birthNs: made.birthtimeNs };
  }

  async remove(record: VolumeRecord): Promise<void> {
    const path = this.#pool.volumePath(record.id);
    await removeFile(path);
    await syncDirectory(dirname(path));
  }

  /** Y1: the path of the verified backing file. */
  async verified(record: VolumeRecord): Promise<string> {
    const path = this.#pool.volumePath(record.id);
    const cannot = `use the backing file ${path}`;
    const found = await statOf(path);
    if (found?.isFile() !== true) throw failure("precondition", { cannot, rule: "it must exist" });
    const { backing } = record;
    if (backing === undefined || found.ino !== backing.inode || found.birthtimeNs !== backing.birthNs) {
      const rule = `it must be the file made for volume ${record.id}`;
      throw failure("precondition", { cannot, rule, got: { inode: found.ino, birthNs: found.birthtimeNs } });
    }
    if (found.size !== record.size) {
      throw failure("precondition", { cannot, rule: `it must have ${record.size} bytes`, got: found.size });
    }
    return path;
  }

  /** Y2. */
  async content(record: VolumeRecord, signal: AbortSignal): Promise<Content> {
    const path = await this.verified(record);
    if ((await this.#allocated(record)) === 0n) return { state: "blank" };
    const signature = await probeSignature(this.#exec, path, { signal });
    if (signature === undefined) return { state: "present", type: "unknown" };
    const { type, uuid } = signature;
    return uuid === undefined ? { state: "present", type } : { state: "present", type, uuid };
  }

  async #allocated(record: VolumeRecord): Promise<Bytes> {
    return ((await statOf(this.#pool.volumePath(record.id)))?.blocks ?? 0n) * sectorBytes;
  }

  /** Free space less what existing volumes were promised and have not taken yet. Volumes are never over-committed. */
  async available(): Promise<Bytes> {
    const free = await freeSpace(this.#pool.path);
    let owed = 0n;
    for (const record of this.#pool.all()) {
      const allocated = await this.#allocated(record);
      if (allocated < record.size) owed += record.size - allocated;
    }
    const left = free - free / reservedShare - owed;
    return left < 0n ? 0n : left;
  }
}
