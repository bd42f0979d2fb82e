/**
 * What the target knows of a snapshot, durable inside the pool (`records/<snapshot id>.json`).
 *
 * D1  The schema version is part of the record; a newer one is refused with both versions named.
 */
import * as z from "zod";
import type { ClusterId } from "../domain/identity.ts";
import type { Snapshot } from "../domain/model.ts";
import { parseStored } from "../domain/stored-record.ts";
import { backing, decimal, layer, snapshotId, volumeId } from "./volume-record.ts";

export const snapshotSchema = 1;

const record = z
  .strictObject({
    schema: z.literal(snapshotSchema),
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
  })
  .readonly();

export type SnapshotRecord = z.infer<typeof record>;

/** Reads the text of a record file; throws a precondition error that names the file and the first thing wrong. */
export function parseSnapshotRecord(file: string, text: string): SnapshotRecord {
  return parseStored(file, text, { known: snapshotSchema, schema: record });
}

export function snapshotOf({ id, name, source, size, createdAt }: SnapshotRecord): Snapshot {
  return { id, name, source, size, createdAt: new Date(createdAt) };
}
