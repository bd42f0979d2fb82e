/**
 * Snapshots of several volumes at one instant come and go as a whole.
 *
 * N1  A group's id is a function of cluster and name: a repeated create finds what an earlier one made (R15).
 */
import type { SnapshotGroups as GroupCalls } from "../backends/backend.ts";
import { failure } from "../domain/errors.ts";
import { snapshotGroupIdOf, type ClusterId, type SnapshotGroupId, type VolumeId } from "../domain/identity.ts";
import type { SnapshotGroup } from "../domain/model.ts";

export class SnapshotGroups {
  readonly #groups: GroupCalls;
  readonly #cluster: ClusterId;

  constructor(deps: { readonly groups: GroupCalls; readonly cluster: ClusterId }) {
    this.#groups = deps.groups;
    this.#cluster = deps.cluster;
  }

  async create(
    { name, sources }: { readonly name: string; readonly sources: readonly VolumeId[] },
    signal: AbortSignal,
  ): Promise<SnapshotGroup> {
    return await this.#groups.create({ id: snapshotGroupIdOf(this.#cluster, name), name, sources }, signal);
  }

  /** The group, or a not_found error; one with other snapshots than the caller knows is an invalid_argument. */
  async get(id: SnapshotGroupId, known: readonly string[], signal: AbortSignal): Promise<SnapshotGroup> {
    const found = await this.#groups.get(id, signal);
    if (found === undefined) {
      const rule = "there is no group with that group_snapshot_id";
      throw failure("not_found", { cannot: "find the group of snapshots", rule, got: id });
    }
    assertKnown("find the group of snapshots", found, known);
    return found;
  }

  async delete(id: SnapshotGroupId, known: readonly string[], signal: AbortSignal): Promise<void> {
    const found = await this.#groups.get(id, signal);
    if (found !== undefined) assertKnown("delete the group of snapshots", found, known);
    await this.#groups.delete(id, signal);
  }
}

/** A caller that names snapshots names those of the group, and all of them. */
function assertKnown(cannot: string, { snapshots }: SnapshotGroup, known: readonly string[]): void {
  const own = new Set<string>(snapshots.map(({ id }) => id));
  if (known.length === 0 || (known.every((id) => own.has(id)) && new Set(known).size === own.size)) return;
  const rule = `snapshot_ids must be ${[...own].join(", ")}`;
  throw failure("invalid_argument", { cannot, rule, got: known });
}
