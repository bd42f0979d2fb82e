/**
 * Snapshots come and go: create, delete, look up, list.
 *
 * N1  A snapshot's id is a function of cluster and name: a repeated create finds what an earlier one made (R15).
 */
import type { Backend } from "../backends/backend.ts";
import { failure } from "../domain/errors.ts";
import { snapshotIdOf, type ClusterId, type SnapshotId, type VolumeId } from "../domain/identity.ts";
import type { Snapshot } from "../domain/model.ts";
import type { Page, PageRequest } from "../domain/page.ts";

type SnapshotCalls = Pick<Backend, "createSnapshot" | "getSnapshot" | "listSnapshots" | "deleteSnapshot">;

export class Snapshots {
  readonly #backend: SnapshotCalls;
  readonly #cluster: ClusterId;

  constructor(deps: { readonly backend: SnapshotCalls; readonly cluster: ClusterId }) {
    this.#backend = deps.backend;
    this.#cluster = deps.cluster;
  }

  async create(
    { name, source }: { readonly name: string; readonly source: VolumeId },
    signal: AbortSignal,
  ): Promise<Snapshot> {
    return await this.#backend.createSnapshot({ id: snapshotIdOf(this.#cluster, name), name, source }, signal);
  }

  async delete(id: SnapshotId, signal: AbortSignal): Promise<void> {
    await this.#backend.deleteSnapshot(id, signal);
  }

  /** The snapshot, or a not_found error. */
  async get(id: SnapshotId, signal: AbortSignal): Promise<Snapshot> {
    const found = await this.find(id, signal);
    if (found !== undefined) return found;
    const rule = "there is no snapshot with that snapshot_id";
    throw failure("not_found", { cannot: "find the snapshot", rule, got: id });
  }

  async find(id: SnapshotId, signal: AbortSignal): Promise<Snapshot | undefined> {
    return await this.#backend.getSnapshot(id, signal);
  }

  async list(source: VolumeId | undefined, page: PageRequest<Snapshot>, signal: AbortSignal): Promise<Page<Snapshot>> {
    return await this.#backend.listSnapshots(source, page, signal);
  }
}
