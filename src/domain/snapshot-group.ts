/** The rules of groups of snapshots, for every back end that keeps its own records. */
import { failure } from "./errors.ts";
import type { SnapshotGroupId, SnapshotId, VolumeId } from "./identity.ts";
import type { Snapshot, SnapshotGroup } from "./model.ts";

/** A group of its snapshots, of which there is at least one. */
export function groupOf(id: SnapshotGroupId, members: readonly Snapshot[]): SnapshotGroup {
  const snapshots = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const [first] = snapshots;
  if (first === undefined) throw new Error(`BUG: a group ${id} without snapshots`);
  return { id, snapshots, createdAt: first.createdAt };
}

/** The group that a repeated create finds, or an already_exists error where it is one of other volumes. */
export function sameSources(found: SnapshotGroup, sources: readonly VolumeId[]): SnapshotGroup {
  const own = found.snapshots.map(({ source }) => source);
  if (own.length === sources.length && sources.every((source) => own.includes(source))) return found;
  const rule = `it exists of ${own.join(", ")}`;
  throw failure("already_exists", { cannot: "take the group of snapshots", rule, got: sources });
}

/** Why a snapshot cannot be deleted alone. */
export function partOfGroup(group: SnapshotGroupId, id: SnapshotId) {
  const rule = `it is one of the group ${group}, which is deleted as a whole`;
  return failure("invalid_argument", { cannot: "delete the snapshot", rule, got: id });
}
