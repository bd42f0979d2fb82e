/**
 * A pool: what volumes and snapshots are made of, and a directory inside it with their records (`records/<id>.json`) and
 * the marker `pool.json` that says that it is a pool, which one, and which machine serves it. A pool of files has the
 * folders `volumes` and `snapshots` beside them.
 *
 * Q1  A directory without marker is never taken for a known pool: this host remembers the pool it served, so a file
 *     system that is mounted late cannot be replaced by the empty directory under it.
 * Q2  One machine serves a pool. Another one takes it over by an explicit order alone (`adopt`): two that have the same
 *     disk, or a copy of it, must not both export its volumes.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import { failure } from "../domain/errors.ts";
import { parseSnapshotId, type SnapshotId, type VolumeId } from "../domain/identity.ts";
import { parseStored } from "../domain/stored-record.ts";
import { ensureDirectory, readText, statOf, writeDurable } from "../host/files.ts";
import { canReflink } from "../host/reflink.ts";
import { RecordStore, type RecordKind } from "./record-store.ts";
import { parseSnapshotRecord, type SnapshotRecord } from "./snapshot-record.ts";
import { layer, parseRecord, type LayerKind, type VolumeRecord } from "./volume-record.ts";

/** 2 added the machine that serves the pool; a pool of schema 1 belongs to the first one that opens it. */
const markerSchema = 2;
const marker = z.strictObject({
  schema: z.union([z.literal(1), z.literal(markerSchema)]),
  pool: z.uuid(),
  layer,
  machine: z.string().exactOptional(),
});
type Marker = z.infer<typeof marker>;

export interface PoolPlace {
  readonly name: string;
  readonly layer: LayerKind;
  /** Inside the pool. */
  readonly path: string;
}

export interface PoolHost {
  /** Name of this machine. */
  readonly machine: string;
  /** This host's memory (Q1): the marker is kept there as `pools/<name>.json`. */
  readonly stateDirectory: string;
}

export class Pool {
  readonly name: string;
  readonly path: string;
  readonly volumes: RecordStore<VolumeRecord>;
  readonly snapshots: RecordStore<SnapshotRecord>;

  private constructor(
    { name, path }: PoolPlace,
    volumes: RecordStore<VolumeRecord>,
    snapshots: RecordStore<SnapshotRecord>,
  ) {
    this.name = name;
    this.path = path;
    this.volumes = volumes;
    this.snapshots = snapshots;
  }

  /** Of all that it has a record of, but for what is still being made. */
  madeIds(): readonly (VolumeId | SnapshotId)[] {
    const all = [...this.volumes.all(), ...this.snapshots.all()];
    return all.flatMap(({ id, state }) => (state === "creating" ? [] : [id]));
  }

  /** Of all that it has a record of. */
  ids(): readonly (VolumeId | SnapshotId)[] {
    return [...this.volumes.all(), ...this.snapshots.all()].map(({ id }) => id);
  }

  /** Opens the pool, or makes one where none was known before. */
  static async open(place: PoolPlace, host: PoolHost): Promise<Pool> {
    const { path } = place;
    const cannot = `open the pool ${path}`;
    if ((await statOf(path))?.isDirectory() !== true) {
      throw failure("unavailable", { cannot, rule: "it must be a directory" });
    }
    if (place.layer === "file" && !(await canReflink(path))) {
      const rule = "its file system must support reflink copies, as xfs and btrfs do";
      throw failure("precondition", { cannot, rule });
    }
    await mark(place, host);
    return new Pool(place, await open(path, volumeRecords), await open(path, snapshotRecords));
  }

  /** Q2: from now on this machine serves the pool, whoever did before. It must not be open anywhere. */
  static async adopt(place: PoolPlace, { machine, stateDirectory }: PoolHost): Promise<{ readonly from: string }> {
    const file = join(place.path, "pool.json");
    const found = await readMarker(file);
    if (found === undefined) {
      const rule = "there must be a pool";
      throw failure("precondition", { cannot: `adopt the pool ${place.name}`, rule, got: `no ${file}` });
    }
    assertLayer(place, found);
    const text = textOf({ ...found, machine });
    await writeDurable(file, text);
    await ensureDirectory(join(stateDirectory, "pools"), 0o700);
    await writeDurable(join(stateDirectory, "pools", `${place.name}.json`), text);
    return { from: found.machine ?? "nobody" };
  }
}

/** Q1, Q2. */
async function mark(place: PoolPlace, { machine, stateDirectory }: PoolHost): Promise<void> {
  const { path, name } = place;
  const cannot = `open the pool ${path}`;
  await ensureDirectory(join(stateDirectory, "pools"), 0o700);
  const remembered = join(stateDirectory, "pools", `${name}.json`);
  const known = await readMarker(remembered);
  const found = await readMarker(join(path, "pool.json"));
  if (found !== undefined) assertLayer(place, found);
  if (known !== undefined && found?.pool !== known.pool) {
    const rule = `this host served pool ${known.pool} there (${remembered}); is its file system mounted?`;
    throw failure("unavailable", { cannot, rule, got: found?.pool ?? "no pool" });
  }
  const { machine: server = machine } = found ?? {};
  if (server !== machine) {
    const rule = `machine ${server} serves it; when that one does so no more: nvmetcp-csi adopt ${name}, on ${machine}`;
    throw failure("precondition", { cannot, rule });
  }
  const text = textOf({ schema: markerSchema, pool: found?.pool ?? randomUUID(), layer: place.layer, machine });
  for (const folder of [...(place.layer === "file" ? ["volumes", "snapshots"] : []), "records"]) {
    await ensureDirectory(join(path, folder), 0o700);
  }
  if (found?.machine === undefined) await writeDurable(join(path, "pool.json"), text);
  await writeDurable(remembered, text);
}

function assertLayer({ path, layer: wanted }: PoolPlace, found: Marker): void {
  if (found.layer === wanted) return;
  const rule = `${join(path, "pool.json")} says that it is made of ${found.layer}`;
  throw failure("precondition", { cannot: `open the pool ${path}`, rule, got: wanted });
}

function textOf(content: Marker): string {
  return `${JSON.stringify({ ...content, schema: markerSchema })}\n`;
}

const volumeRecords = { isId: (name: string) => parseSnapshotId(name) === undefined, parse: parseRecord };
const snapshotRecords = { isId: (name: string) => parseSnapshotId(name) !== undefined, parse: parseSnapshotRecord };

async function open<R extends VolumeRecord | SnapshotRecord>(path: string, kind: RecordKind<R>) {
  return await RecordStore.open(join(path, "records"), kind);
}

async function readMarker(file: string): Promise<Marker | undefined> {
  const text = await readText(file);
  return text === undefined ? undefined : parseStored(file, text, { known: markerSchema, schema: marker });
}
