/**
 * What the target knows of a volume, durable inside the pool (`records/<volume id>.json`).
 *
 * D1  The schema version is part of the record; a newer one is refused with both versions named, never guessed at.
 * D2  `content` only goes from blank to present; `lastEpoch` only grows.
 * D3  A publication that is being revoked is listed under `revoking` until the fence is proven, so that a crash in
 *     between can neither restore it nor forget it.
 */
import * as z from "zod";
import {
  exportIdentityOf,
  parseSnapshotId,
  parseVolumeId,
  type ClusterId,
  type ExportIdentity,
  type SnapshotId,
  type VolumeId,
} from "../domain/identity.ts";
import { parseNodeId, type NodeId } from "../domain/node-id.ts";
import { parseStored } from "../domain/stored-record.ts";

/** 2 added growth and sources, 3 several holders, 4 deleted volumes; an older record is one of a volume without them. */
export const recordSchema = 4 as const;

export const decimal = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform(BigInt);
export const volumeId = z.string().transform((text, context): VolumeId => {
  const id = parseVolumeId(text);
  if (id !== undefined) return id;
  context.addIssue("not a volume id");
  return z.NEVER;
});
export const snapshotId = z.string().transform((text, context): SnapshotId => {
  const id = parseSnapshotId(text);
  if (id !== undefined) return id;
  context.addIssue("not a snapshot id");
  return z.NEVER;
});
const nodeId = z.string().transform((text, context): NodeId => {
  const parts = parseNodeId(text);
  if (parts !== undefined) return parts.id;
  context.addIssue("not a node id");
  return z.NEVER;
});
const epoch = z.int().min(1);
const publication = z.strictObject({
  epoch,
  node: nodeId,
  access: z.enum(["read-write", "read-only"]),
  sharing: z.enum(["readers", "writers"]).exactOptional(),
});
const content = z.discriminatedUnion("state", [
  z.strictObject({ state: z.literal("blank") }),
  z.strictObject({ state: z.literal("present"), type: z.string(), uuid: z.string().exactOptional() }),
]);
/** What volumes and snapshots of a pool are made of. */
export const layerKinds = ["file", "lvm-thin"] as const;
export type LayerKind = (typeof layerKinds)[number];
export const layer = z.enum(layerKinds);
/** How a volume's file, or its logical volume, is told from anything that might take its place (R7). */
export const backing = z.union([
  z.strictObject({ inode: decimal, birthNs: decimal }),
  /** UUIDs of the volume group and the logical volume, as device-mapper has them. */
  z.strictObject({ dmUuid: z.string() }),
]);
const source = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("snapshot"), id: snapshotId }),
  z.strictObject({ kind: z.literal("volume"), id: volumeId }),
]);

const record = z
  .strictObject({
    schema: z.literal([1, 2, 3, recordSchema]).transform(() => recordSchema),
    /** What the volume is made of. */
    layer,
    id: volumeId,
    cluster: z.string().transform((text) => text as ClusterId),
    name: z.string(),
    size: decimal,
    /** Set while the object is made larger: it may have this size already. */
    growingTo: decimal.exactOptional(),
    /** What the volume was made as a copy of; that may be gone. */
    source: source.exactOptional(),
    /** The id of what all its relatives come from; its own unless given. */
    family: z.string().exactOptional(),
    /** Whether several nodes may write it, as its class said. */
    multiWriter: z.literal("block").exactOptional(),
    /**
     * Only `ready` volumes are served. `creating` and `deleting` are undone or finished by the next call or start; `deleted`
     * is kept to be had back (deleted-volumes.ts).
     */
    state: z.enum(["creating", "ready", "deleted", "deleting"]),
    createdAt: z.iso.datetime(),
    /** Of a deleted volume. */
    deletedAt: z.iso.datetime().exactOptional(),
    backing: backing.exactOptional(),
    content,
    /** Set when a volume with content was found blank. */
    lossSeenAt: z.iso.datetime().exactOptional(),
    blankSizes: z.array(decimal).readonly(),
    lastEpoch: z.int().min(0),
    publications: z.array(publication).readonly(),
    revoking: z.array(publication).readonly(),
  })
  .refine(({ state, deletedAt }) => state !== "deleted" || deletedAt !== undefined, "a deleted volume needs deletedAt")
  .readonly();

export type VolumeRecord = z.infer<typeof record>;
export type BackingIdentity = z.infer<typeof backing>;

/** What the volume is called on the NVMe side. */
export function exportOf({ cluster, id }: VolumeRecord): ExportIdentity {
  return exportIdentityOf(cluster, id);
}

/** Reads the text of a record file; throws a precondition error that names the file and the first thing wrong. */
export function parseRecord(file: string, text: string): VolumeRecord {
  return parseStored(file, text, { known: recordSchema, schema: record });
}

export function serializeRecord(value: object): string {
  return `${JSON.stringify(value, (_key, field: unknown) => (typeof field === "bigint" ? String(field) : field), 1)}\n`;
}
