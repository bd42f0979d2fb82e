/**
 * What the target knows of a snapshot, durable inside the pool (`records/<snapshot id>.json`).
 *
 * D1  The schema version is part of the record; a newer one is refused with both versions named.
 */
import * as z from "zod";
import type { Bytes } from "../domain/capacity.ts";
import { parseSnapshotGroupId, type ClusterId, type SnapshotGroupId } from "../domain/identity.ts";
import type { Snapshot } from "../domain/model.ts";
import { parseStored } from "../domain/stored-record.ts";
import { backing, decimal, layer, snapshotId, volumeId, type VolumeRecord } from "./volume-record.ts";

/** 2 added groups; an older record is of a snapshot that was taken alone. */
export const snapshotSchema = 2 as const;

const snapshotGroupId = z.string().transform((text, context): SnapshotGroupId => {
  const id = parseSnapshotGroupId(text);
  if (id !== undefined) return id;
  context.addIssue("not the id of a group of snapshots");
  return z.NEVER;
});

const record = z
  .strictObject({
    schema: z.literal([1, snapshotSchema]).transform(() => snapshotSchema),
    layer,
    id: snapshotId,
    cluster: z.string().transform((text) => text as ClusterId),
    name: z.string(),
    source: volumeId,
    size: decimal,
    /** Only `ready` snapshots are shown; the other two are finished or undone by the next call or start. */
    state: z.enum(["creating", "ready", "deleting"]),
    createdAt: z.iso.datetime(),
    backing: backing.exactOptional(),
    /** The id of what all its relatives come from. */
    family: z.string(),
    /** While it is being taken: what it will hold at most. */
    reserved: decimal.exactOptional(),
    /** Those that were taken at the same instant, and how many they are. */
    group: z.strictObject({ id: snapshotGroupId, size: z.int().min(1) }).exactOptional(),
  })
  .readonly();

export type SnapshotRecord = z.infer<typeof record>;

/** Reads the text of a record file; throws a precondition error that names the file and the first thing wrong. */
export function parseSnapshotRecord(file: string, text: string): SnapshotRecord {
  return parseStored(file, text, { known: snapshotSchema, schema: record });
}

export function snapshotOf({ id, name, source, size, createdAt, group }: SnapshotRecord): Snapshot {
  return { id, name, source, size, createdAt: new Date(createdAt), ...(group !== undefined && { group: group.id }) };
}

/** Whether a snapshot was taken, and every other one of its group too; `all` has its group. */
export function isTakenAmong(all: readonly SnapshotRecord[]): (record: SnapshotRecord) => boolean {
  const taken = new Map<SnapshotGroupId, number>();
  for (const { state, group } of all) {
    if (state === "ready" && group !== undefined) taken.set(group.id, (taken.get(group.id) ?? 0) + 1);
  }
  return ({ state, group }) => state === "ready" && (group === undefined || taken.get(group.id) === group.size);
}

interface ToDraft extends Pick<SnapshotRecord, "id" | "name" | "group"> {
  readonly volume: VolumeRecord;
  readonly reserved: Bytes;
}

interface Drafting extends Pick<SnapshotRecord, "cluster"> {
  readonly layer: { readonly kind: SnapshotRecord["layer"] };
  /** Time of day. */
  readonly now: () => Date;
}

/** The record of a snapshot that is going to be taken. */
export function draftOf({ cluster, now, layer: { kind } }: Drafting, { volume, ...wanted }: ToDraft): SnapshotRecord {
  const { id: source, size, family = source } = volume;
  const made = { schema: snapshotSchema, createdAt: now().toISOString(), state: "creating" } as const;
  return { ...made, layer: kind, cluster, source, size, family, ...wanted };
}
