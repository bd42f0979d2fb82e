/**
 * The target agent of one pool: owner of its volumes and of their exports on this machine. In `all-in-one` it is called
 * in-process. With several pools there is one for each (pooled-agents.ts).
 *
 * A1  A decision is durable before its effect: the record is saved first, and every call and every start finishes what
 *     the record says (B1).
 * A2  One call at a time per volume and snapshot (agent-state.ts); the machine lock keeps other processes out.
 * A3  Before the first request is served, everything published is exported again, and no listener is open until all of
 *     it is linked (V42, V46): see restore.ts.
 */
import type { Bytes } from "../domain/capacity.ts";
import { volumeIdOf, type SnapshotId, type VolumeId } from "../domain/identity.ts";
import type { Attachment, Snapshot, Volume } from "../domain/model.ts";
import type { NodeIdParts } from "../domain/node-id.ts";
import { pageOf, type Page, type PageRequest } from "../domain/page.ts";
import type { PublicationRequest } from "../domain/publications.ts";
import type { Segments } from "../domain/topology.ts";
import { AgentState, type TargetAgentDeps } from "./agent-state.ts";
import { deletedVolumes, dueForErasure, eraseDeleted, undelete, type DeletedVolume } from "./deleted-volumes.ts";
import { eraseVolume } from "./erase-volume.ts";
import { importVolume, type Imported, type ImportRequest } from "./import-volume.ts";
import { PublishedVolumes } from "./published-volumes.ts";
import { settleGrowth } from "./settle-growth.ts";
import { snapshotOf } from "./snapshot-record.ts";
import { SnapshotGroups } from "./snapshot-groups.ts";
import { Snapshots, type SnapshotToMake } from "./snapshots.ts";
import { exportOf, type VolumeRecord } from "./volume-record.ts";
import { Volumes, type VolumeToMake } from "./volumes.ts";

/** What a start and the upkeep ask, of one pool or of several. */
export type Tended = Pick<
  TargetAgent,
  | "records"
  | "unsettledSnapshots"
  | "settle"
  | "settleSnapshot"
  | "isFaulty"
  | "prepare"
  | "link"
  | "lookAt"
  | "dueForErasure"
  | "eraseDeleted"
>;

export class TargetAgent {
  readonly #state: AgentState;
  readonly #volumes: Volumes;
  readonly #published: PublishedVolumes;
  readonly #snapshots: Snapshots;
  /** Absent where the layer takes one snapshot at a time. */
  readonly groups?: SnapshotGroups;

  constructor(deps: TargetAgentDeps) {
    this.#state = new AgentState(deps);
    this.#volumes = new Volumes(this.#state);
    this.#published = new PublishedVolumes(this.#state);
    this.#snapshots = new Snapshots(this.#state);
    const { layer } = deps;
    if (layer.copyTogether !== undefined) {
      this.groups = new SnapshotGroups(this.#state, this.#snapshots, layer.copyTogether.bind(layer));
    }
  }

  /** Segments that a node must have to reach the pool. */
  get place(): Segments {
    return this.#state.deps.place ?? {};
  }

  records(): readonly VolumeRecord[] {
    return this.#state.records();
  }

  /** Of all volumes and snapshots that the pool has a record of, in whatever state but deleted. */
  ids(): readonly (VolumeId | SnapshotId)[] {
    return this.#state.deps.pool.ids().filter((id) => this.holds(id));
  }

  holds(id: VolumeId | SnapshotId): boolean {
    return this.#state.holds(id);
  }

  /** Only whether the pool answers: it is asked every few seconds, however many volumes there are. */
  async probe(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#state.room(0n);
  }

  /** Bytes that new volumes can still have in all. */
  async room(signal: AbortSignal): Promise<Bytes> {
    signal.throwIfAborted();
    return await this.#state.available();
  }

  /** Whether a volume of that size would cost one that can still be had back. */
  async mustEraseFor(size: Bytes, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    return deletedVolumes(this.#state).length > 0 && (await this.#state.room(size)) < size;
  }

  async get(id: VolumeId, signal: AbortSignal): Promise<Volume | undefined> {
    signal.throwIfAborted();
    const record = this.#state.record(id);
    return await Promise.resolve(record?.state === "ready" ? this.#state.view(record) : undefined);
  }

  async list(page: PageRequest<Volume>, signal: AbortSignal): Promise<Page<Volume>> {
    signal.throwIfAborted();
    const ready = this.records().filter((record) => record.state === "ready");
    const volumes = ready.map((record) => this.#state.view(record));
    return await Promise.resolve(pageOf(volumes, page));
  }

  async create(spec: VolumeToMake, signal: AbortSignal): Promise<Volume> {
    return await this.#volumes.create(spec, signal);
  }

  async expand(id: VolumeId, size: Bytes, signal: AbortSignal): Promise<Volume> {
    return await this.#volumes.expand(id, size, signal);
  }

  async delete(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#volumes.delete(id, signal);
  }

  /** The oldest first. */
  deleted(): readonly DeletedVolume[] {
    return deletedVolumes(this.#state);
  }

  async undelete(id: VolumeId, signal: AbortSignal): Promise<Volume> {
    return await undelete(this.#state, id, signal);
  }

  async dueForErasure(signal: AbortSignal): Promise<readonly VolumeId[]> {
    signal.throwIfAborted();
    return await dueForErasure(this.#state);
  }

  async eraseDeleted(id: VolumeId, signal: AbortSignal): Promise<void> {
    await eraseDeleted(this.#state, id, signal);
  }

  /** What CreateVolume would call a volume of that name. */
  idOf(name: string): VolumeId {
    return volumeIdOf(this.#state.deps.cluster, name);
  }

  async import(request: ImportRequest, signal: AbortSignal): Promise<Imported> {
    return await importVolume(this.#state, request, signal);
  }

  async createSnapshot(spec: SnapshotToMake, signal: AbortSignal): Promise<Snapshot> {
    return await this.#snapshots.create(spec, signal);
  }

  async getSnapshot(id: SnapshotId, signal: AbortSignal): Promise<Snapshot | undefined> {
    signal.throwIfAborted();
    const record = this.#state.takenSnapshot(id);
    return await Promise.resolve(record && snapshotOf(record));
  }

  async listSnapshots(
    source: VolumeId | undefined,
    page: PageRequest<Snapshot>,
    signal: AbortSignal,
  ): Promise<Page<Snapshot>> {
    signal.throwIfAborted();
    const taken = this.#state.takenSnapshots();
    const wanted = taken.filter((record) => source === undefined || record.source === source);
    return await Promise.resolve(pageOf(wanted.map(snapshotOf), page));
  }

  async deleteSnapshot(id: SnapshotId, signal: AbortSignal): Promise<void> {
    await this.#snapshots.delete(id, signal);
  }

  async publish(id: VolumeId, request: PublicationRequest, signal: AbortSignal): Promise<Attachment> {
    return await this.#published.publish(id, request, signal);
  }

  async unpublish(id: VolumeId, revoked: NodeIdParts | "everyone", signal: AbortSignal): Promise<void> {
    await this.#published.unpublish(id, revoked, signal);
  }

  /** Finishes or undoes what a crash interrupted, for one volume. */
  async settle(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#state.locked([id], signal, async () => {
      const record = this.#state.record(id);
      // G1: a deleted one is as it should be.
      if (record === undefined || record.state === "deleted") return;
      await this.#state.guarded(id, signal, async () => {
        if (record.state !== "ready") await eraseVolume(this.#state, record);
        else await settleGrowth(this.#state.deps, await this.#published.finish(record, signal));
      });
    });
  }

  /** The same for snapshots; each of them in a step of its own. */
  unsettledSnapshots(): readonly SnapshotId[] {
    const taken = new Set(this.#state.takenSnapshots());
    return this.#state.snapshotRecords().flatMap((record) => (taken.has(record) ? [] : [record.id]));
  }

  async settleSnapshot(id: SnapshotId, signal: AbortSignal): Promise<void> {
    await this.#snapshots.settle(id, signal);
  }

  isFaulty(id: VolumeId): boolean {
    return this.#state.isFaulty(id);
  }

  /** One export of a restore, without its port links; a fault is a word in its condition and does not stop the others. */
  async prepare(id: VolumeId, signal: AbortSignal): Promise<void> {
    const { exporter } = this.#state.deps;
    await this.#state.locked([id], signal, async () => {
      const record = this.#state.record(id);
      if (record?.state !== "ready" || record.publications.length === 0) return;
      await this.#state.look(record, signal);
      await this.#state.guarded(id, signal, async () => {
        const desired = await this.#state.desired(record);
        await exporter.prepare(desired, signal);
        // It may have grown just before the last process ended.
        await exporter.revalidate(desired.nqn, signal);
      });
    });
  }

  /** Makes a prepared export reachable, unless it is faulty. */
  async link(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#state.locked([id], signal, async () => {
      const record = this.#state.record(id);
      if (record === undefined || record.publications.length === 0 || this.isFaulty(id)) return;
      const { nqn } = exportOf(record);
      await this.#state.guarded(id, signal, async () => this.#state.deps.exporter.link(nqn, signal));
    });
  }

  /** Looks at the content of a published volume that was blank so far (DESIGN 5.1 a). */
  async lookAt(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#state.locked([id], signal, async () => {
      const record = this.#state.record(id);
      if (record?.state === "ready" && record.content.state === "blank") await this.#state.look(record, signal);
    });
  }
}
