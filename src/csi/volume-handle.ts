/**
 * The CSI ids of volumes and snapshots: `<back end>/<id>`, for example `nvmet/v1-0123456789abcdef0123456789abcdef`, a
 * snapshot's with `s1-`, that of a group of snapshots with `g1-`; at most 128 bytes. A text that does not parse is a thing that does not exist, never a path (F65).
 */
import { failure } from "../domain/errors.ts";
import {
  parseSnapshotGroupId,
  parseSnapshotId,
  parseVolumeId,
  type SnapshotGroupId,
  type SnapshotId,
  type VolumeId,
} from "../domain/identity.ts";

export interface VolumeHandle {
  readonly backend: string;
  readonly volume: VolumeId;
}

export interface SnapshotHandle {
  readonly backend: string;
  readonly snapshot: SnapshotId;
}

export interface SnapshotGroupHandle {
  readonly backend: string;
  readonly group: SnapshotGroupId;
}

export function formatVolumeHandle({ backend, volume }: VolumeHandle): string {
  return `${backend}/${volume}`;
}

export function formatSnapshotHandle({ backend, snapshot }: SnapshotHandle): string {
  return `${backend}/${snapshot}`;
}

export function formatSnapshotGroupHandle({ backend, group }: SnapshotGroupHandle): string {
  return `${backend}/${group}`;
}

/** The two parts of a text that may be a handle; the second is not looked at. */
function partsOf(text: string): { readonly backend: string; readonly id: string } | undefined {
  const [backend = "", id = "", ...rest] = text.split("/");
  return rest.length > 0 || !/^[a-z0-9-]{1,32}$/.test(backend) ? undefined : { backend, id };
}

export function parseVolumeHandle(text: string): VolumeHandle | undefined {
  const parts = partsOf(text);
  const volume = parts && parseVolumeId(parts.id);
  return volume && { backend: parts.backend, volume };
}

export function parseSnapshotHandle(text: string): SnapshotHandle | undefined {
  const parts = partsOf(text);
  const snapshot = parts && parseSnapshotId(parts.id);
  return snapshot && { backend: parts.backend, snapshot };
}

/** The volume a text names; undefined when it is no volume of this back end. */
export function parseHandleOf(backend: string, text: string): VolumeHandle | undefined {
  const handle = parseVolumeHandle(text);
  return handle?.backend === backend ? handle : undefined;
}

/** The snapshot a text names; undefined when it is no snapshot of this back end. */
export function parseSnapshotOf(backend: string, text: string): SnapshotId | undefined {
  const handle = parseSnapshotHandle(text);
  return handle?.backend === backend ? handle.snapshot : undefined;
}

/** The volume of this back end that a text names, or a not_found error. */
export function volumeOf(backend: string, text: string): VolumeId {
  return knownVolume(parseHandleOf(backend, text), text);
}

/** The volume that a handle names, or a not_found error that quotes the text it came from. */
export function knownVolume(handle: VolumeHandle | undefined, text: string, field = "volume_id"): VolumeId {
  if (handle !== undefined) return handle.volume;
  throw failure("not_found", { cannot: "find the volume", rule: `there is no volume with that ${field}`, got: text });
}

/** The snapshot of this back end that a text names, or a not_found error. */
export function snapshotOf(backend: string, text: string): SnapshotId {
  const snapshot = parseSnapshotOf(backend, text);
  if (snapshot !== undefined) return snapshot;
  const rule = "there is no snapshot with that snapshot_id";
  throw failure("not_found", { cannot: "find the snapshot", rule, got: text });
}

/** The group of snapshots a text names; undefined when it is none of this back end. */
export function parseSnapshotGroupOf(backend: string, text: string): SnapshotGroupId | undefined {
  const parts = partsOf(text);
  return parts?.backend === backend ? parseSnapshotGroupId(parts.id) : undefined;
}

/** The group of snapshots of this back end that a text names, or a not_found error. */
export function snapshotGroupOf(backend: string, text: string): SnapshotGroupId {
  const group = parseSnapshotGroupOf(backend, text);
  if (group !== undefined) return group;
  const rule = "there is no group with that group_snapshot_id";
  throw failure("not_found", { cannot: "find the group of snapshots", rule, got: text });
}
