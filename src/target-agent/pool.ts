/**
 * A pool: one directory on a reflink file system that holds volumes (`volumes/<id>.img`), their records
 * (`records/<id>.json`) and the marker `pool.json` that says it is a pool and which one.
 *
 * Q1  A directory without marker is never taken for a known pool: this host remembers the pool it served, so a file
 *     system that is mounted late cannot be replaced by the empty directory under it.
 * Q2  Only the process that holds the machine lock writes here; records are read once and kept in memory.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { failure } from "../domain/errors.ts";
import type { VolumeId } from "../domain/identity.ts";
import { parseStored } from "../domain/stored-record.ts";
import {
  ensureDirectory,
  listNames,
  readText,
  removeFile,
  statOf,
  syncDirectory,
  writeDurable,
} from "../host/files.ts";
import { canReflink } from "../host/reflink.ts";
import { parseRecord, serializeRecord, type VolumeRecord } from "./volume-record.ts";

/** `layer` says what the volumes of the pool are made of. */
const marker = z.strictObject({ schema: z.literal(1), pool: z.uuid(), layer: z.literal("file") });
/** Pools get names when there can be several. */
const poolName = "default";

export class Pool {
  readonly path: string;
  readonly #records = new Map<VolumeId, VolumeRecord>();

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens the pool at `path`, or makes one where none was known before. `stateDirectory` is this host's memory (Q1): the
   * marker is kept there as `pools/default.json`.
   */
  static async open(path: string, stateDirectory: string): Promise<Pool> {
    const cannot = `open the pool ${path}`;
    if ((await statOf(path))?.isDirectory() !== true) {
      throw failure("unavailable", { cannot, rule: "it must be a directory" });
    }
    if (!(await canReflink(path))) {
      throw failure("precondition", {
        cannot,
        rule: "its file system must support reflink copies, as xfs and btrfs do",
      });
    }
    await ensureDirectory(join(stateDirectory, "pools"), 0o700);
    const remembered = join(stateDirectory, "pools", `${poolName}.json`);
    const known = await readMarker(remembered);
    const found = await readMarker(join(path, "pool.json"));
    if (known !== undefined && found !== known) {
      const rule = `this host served pool ${known} there (${remembered}); is its file system mounted?`;
      throw failure("unavailable", { cannot, rule, got: found ?? "no pool" });
    }
    const pool = new Pool(path);
    await pool.#prepare(found, remembered);
    return pool;
  }

  async #prepare(found: string | undefined, remembered: string): Promise<void> {
    const text = `${JSON.stringify({ schema: 1, pool: found ?? randomUUID(), layer: "file" })}\n`;
    for (const folder of ["volumes", "records"]) await ensureDirectory(join(this.path, folder), 0o700);
    if (found === undefined) await writeDurable(join(this.path, "pool.json"), text);
    await writeDurable(remembered, text);
    for (const name of await listNames(join(this.path, "records"))) {
      if (!name.endsWith(".json")) continue;
      const file = join(this.path, "records", name);
      const record = parseRecord(file, (await readText(file)) ?? "");
      this.#records.set(record.id, record);
    }
  }

  volumePath(id: VolumeId): string {
    return join(this.path, "volumes", `${id}.img`);
  }

  #recordPath(id: VolumeId): string {
    return join(this.path, "records", `${id}.json`);
  }

  get(id: VolumeId): VolumeRecord | undefined {
    return this.#records.get(id);
  }

  /** All records in the order of their ids. */
  all(): readonly VolumeRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async save(record: VolumeRecord): Promise<VolumeRecord> {
    await writeDurable(this.#recordPath(record.id), serializeRecord(record));
    this.#records.set(record.id, record);
    return record;
  }

  async forget(id: VolumeId): Promise<void> {
    await removeFile(this.#recordPath(id));
    await syncDirectory(join(this.path, "records"));
    this.#records.delete(id);
  }
}

async function readMarker(file: string): Promise<string | undefined> {
  const text = await readText(file);
  if (text === undefined) return undefined;
  return parseStored(file, text, { known: 1, schema: marker }).pool;
}
