/**
 * A pool: one directory on a reflink file system that holds volumes (`volumes/<id>.img`), snapshots
 * (`snapshots/<id>.img`), their records (`records/<id>.json`) and the marker `pool.json` that says it is a pool and which
 * one.
 *
 * Q1  A directory without marker is never taken for a known pool: this host remembers the pool it served, so a file
 *     system that is mounted late cannot be replaced by the empty directory under it.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import { failure } from "../domain/errors.ts";
import { parseSnapshotId } from "../domain/identity.ts";
import { parseStored } from "../domain/stored-record.ts";
import { ensureDirectory, readText, statOf, writeDurable } from "../host/files.ts";
import { canReflink } from "../host/reflink.ts";
import { RecordStore, type RecordKind } from "./record-store.ts";
import { parseSnapshotRecord, type SnapshotRecord } from "./snapshot-record.ts";
import { parseRecord, type VolumeRecord } from "./volume-record.ts";

/** `layer` says what the volumes of the pool are made of. */
const marker = z.strictObject({ schema: z.literal(1), pool: z.uuid(), layer: z.literal("file") });
/** Pools get names when there can be several. */
const poolName = "default";

export class Pool {
  readonly path: string;
  readonly volumes: RecordStore<VolumeRecord>;
  readonly snapshots: RecordStore<SnapshotRecord>;

  private constructor(path: string, volumes: RecordStore<VolumeRecord>, snapshots: RecordStore<SnapshotRecord>) {
    this.path = path;
    this.volumes = volumes;
    this.snapshots = snapshots;
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
    const text = `${JSON.stringify({ schema: 1, pool: found ?? randomUUID(), layer: "file" })}\n`;
    for (const folder of ["volumes", "snapshots", "records"]) await ensureDirectory(join(path, folder), 0o700);
    if (found === undefined) await writeDurable(join(path, "pool.json"), text);
    await writeDurable(remembered, text);
    return new Pool(path, await open(path, volumeRecords), await open(path, snapshotRecords));
  }
}

const volumeRecords = { isId: (name: string) => parseSnapshotId(name) === undefined, parse: parseRecord };
const snapshotRecords = { isId: (name: string) => parseSnapshotId(name) !== undefined, parse: parseSnapshotRecord };

async function open<R extends VolumeRecord | SnapshotRecord>(path: string, kind: RecordKind<R>) {
  return await RecordStore.open(join(path, "records"), kind);
}

async function readMarker(file: string): Promise<string | undefined> {
  const text = await readText(file);
  if (text === undefined) return undefined;
  return parseStored(file, text, { known: 1, schema: marker }).pool;
}
