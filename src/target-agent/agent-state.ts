/**
 * What the parts of the target agent share: records, locks, and what is wrong with which volume.
 *
 * S1  Whoever needs several locks takes them in one order: groups, snapshots and volumes by their ids, then `capacityKey`.
 */
import { messageOf } from "../domain/errors.ts";
import type { Bytes } from "../domain/capacity.ts";
import {
  hostIdentityOf,
  parseSnapshotId,
  type ClusterId,
  type Nqn,
  type SnapshotGroupId,
  type SnapshotId,
  type VolumeId,
} from "../domain/identity.ts";
import type { Publication, Volume } from "../domain/model.ts";
import { parseNodeId } from "../domain/node-id.ts";
import type { Segments } from "../domain/topology.ts";
import { KeyedMutex } from "../lib/keyed-lock.ts";
import { observeContent } from "./content.ts";
import type { DesiredExport, Exporter } from "./exporter.ts";
import type { VolumeLayer } from "./layers/layer.ts";
import type { Pool } from "./pool.ts";
import { isTakenAmong, type SnapshotRecord } from "./snapshot-record.ts";
import { exportOf, type VolumeRecord } from "./volume-record.ts";
import { volumeOf } from "./volume-view.ts";

export interface TargetAgentDeps {
  readonly cluster: ClusterId;
  readonly pool: Pool;
  readonly layer: VolumeLayer;
  /** Nothing new is made in a pool that is as full; 100 unless given. */
  readonly watermarkPercent?: number;
  /** How long a deleted volume can be had back; not at all unless given. */
  readonly deletionGraceMinutes?: number;
  /** Segments that a node must have to reach the pool. */
  readonly place?: Segments;
  readonly exporter: Exporter;
  /** Told of each deleted volume that nobody can have back any more. */
  readonly onErased?: (record: VolumeRecord) => void;
  /** Time of day, for records. */
  readonly now: () => Date;
}

const capacityKey = "capacity";

export class AgentState {
  readonly deps: TargetAgentDeps;
  readonly #locks = new KeyedMutex();
  /** Why a volume could not be exported, or settled at the start, until it can. */
  readonly #faults = new Map<VolumeId, string>();
  /** Why a volume's content could not be looked at, until it can. */
  readonly #blindness = new Map<VolumeId, string>();

  constructor(deps: TargetAgentDeps) {
    this.deps = deps;
  }

  /** S1. */
  async locked<T>(
    keys: readonly (VolumeId | SnapshotId | SnapshotGroupId)[],
    signal: AbortSignal,
    task: () => Promise<T>,
  ): Promise<T> {
    const inOrder = [...new Set<string>(keys)].toSorted();
    const take = inOrder.reduceRight((next, key) => async () => this.#locks.run(key, signal, next), task);
    return await take();
  }

  /** Only if nobody holds the lock or waits for it; undefined, with nothing done, when somebody does. */
  async ifFree<T>(key: VolumeId, signal: AbortSignal, task: () => Promise<T>): Promise<T | undefined> {
    return await this.#locks.runIfFree(key, signal, task);
  }

  /** Two that need room must not be promised the same. */
  async lockedCapacity<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    return await this.#locks.run(capacityKey, signal, task);
  }

  get graceMs(): number {
    return (this.deps.deletionGraceMinutes ?? 0) * 60_000;
  }

  /** Records of this cluster's volumes; a pool may hold those of others. */
  records(): readonly VolumeRecord[] {
    return this.deps.pool.volumes.all().filter((record) => record.cluster === this.deps.cluster);
  }

  snapshotRecords(): readonly SnapshotRecord[] {
    return this.deps.pool.snapshots.all().filter((record) => record.cluster === this.deps.cluster);
  }

  /** Volumes of another cluster are not there. */
  record(id: VolumeId): VolumeRecord | undefined {
    const record = this.deps.pool.volumes.get(id);
    return record?.cluster === this.deps.cluster ? record : undefined;
  }

  snapshotRecord(id: SnapshotId): SnapshotRecord | undefined {
    const record = this.deps.pool.snapshots.get(id);
    return record?.cluster === this.deps.cluster ? record : undefined;
  }

  members(group: SnapshotGroupId): readonly SnapshotRecord[] {
    return this.snapshotRecords().filter((record) => record.group?.id === group);
  }

  /** Whether a snapshot is there for others: it was taken, and so was every other one of its group. */
  isTaken(record: SnapshotRecord): boolean {
    return isTakenAmong(record.group === undefined ? [] : this.members(record.group.id))(record);
  }

  takenSnapshots(): readonly SnapshotRecord[] {
    const all = this.snapshotRecords();
    return all.filter(isTakenAmong(all));
  }

  takenSnapshot(id: SnapshotId): SnapshotRecord | undefined {
    const record = this.snapshotRecord(id);
    return record !== undefined && this.isTaken(record) ? record : undefined;
  }

  /** A deleted volume is not there (G1), whatever is kept of it. */
  holds(id: VolumeId | SnapshotId): boolean {
    const { volumes, snapshots } = this.deps.pool;
    const snapshot = parseSnapshotId(id);
    const found = snapshot === undefined ? volumes.get(id as VolumeId) : snapshots.get(snapshot);
    return found !== undefined && found.state !== "deleted";
  }

  view(record: VolumeRecord): Volume {
    const fault = this.#faults.get(record.id) ?? this.#blindness.get(record.id);
    return volumeOf(record, { fault, place: this.deps.place });
  }

  isFaulty(id: VolumeId): boolean {
    return this.#faults.has(id);
  }

  /** Nothing is wrong with the volume any more, or it has gone. */
  acquit(id: VolumeId): void {
    this.#faults.delete(id);
    this.#blindness.delete(id);
  }

  /** What new volumes can have, deleted ones being erased for them. Nothing above the watermark. */
  async available(): Promise<Bytes> {
    if ((await this.aboveWatermark()) !== undefined) return 0n;
    const deleted = this.records().filter(({ state }) => state === "deleted");
    return await this.room(
      undefined,
      deleted.map(({ id }) => id),
    );
  }

  /** How full the pool is, in percent, if that is too much. */
  async aboveWatermark(): Promise<number | undefined> {
    const { layer, watermarkPercent = 100 } = this.deps;
    if (watermarkPercent >= 100) return undefined;
    const used = await layer.usedPercent();
    return used >= watermarkPercent ? used : undefined;
  }

  /**
   * What the layer can promise, whatever the watermark, as if the `erased` ones were gone. With `enough` it may be less than
   * there is, once it is as much.
   */
  async room(enough?: Bytes, erased: readonly VolumeId[] = []): Promise<Bytes> {
    const { pool, layer } = this.deps;
    const gone = new Set(erased);
    const volumes = pool.volumes.all().map(({ id, size, growingTo = 0n, family = id }) => {
      return { id, size: growingTo > size ? growingTo : size, family, isErasable: gone.has(id) };
    });
    return await layer.available({ volumes, snapshots: pool.snapshots.all() }, enough);
  }

  /** Reads the backing store and keeps what was seen. */
  async observe(record: VolumeRecord, signal: AbortSignal): Promise<VolumeRecord> {
    const { layer, now, pool } = this.deps;
    const seen = observeContent(record, await layer.content(record, signal), now());
    this.#blindness.delete(record.id);
    return seen === record ? record : await pool.volumes.save(seen);
  }

  /** A look whose failure is a word in the volume's condition, and no more. */
  async look(record: VolumeRecord, signal: AbortSignal): Promise<void> {
    await noting(this.#blindness, record.id, signal, async () => this.observe(record, signal));
  }

  /** Work whose failure is a word in the volume's condition, until it succeeds. */
  async guarded(id: VolumeId, signal: AbortSignal, work: () => Promise<unknown>): Promise<void> {
    await noting(this.#faults, id, signal, work);
  }

  /** What configfs should hold for a record; fails when its backing store is not the one that was made (R7). */
  async desired(record: VolumeRecord): Promise<DesiredExport> {
    const hosts = hostsOf(record.id, record.publications);
    const devicePath = await this.deps.layer.verified(record);
    return { ...exportOf(record), devicePath, hosts };
  }
}

/** Keeps why `work` failed, whatever the reason, until it succeeds; only the end of `signal` passes on. */
async function noting(
  reasons: Map<VolumeId, string>,
  id: VolumeId,
  signal: AbortSignal,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
    reasons.delete(id);
  } catch (error) {
    reasons.set(id, messageOf(error));
    signal.throwIfAborted();
  }
}

/** The host NQNs that publications stand for. */
export function hostsOf(id: VolumeId, publications: readonly Publication[]): readonly Nqn[] {
  return publications.map(({ node, epoch }) => {
    const parts = parseNodeId(node);
    if (parts === undefined) throw new Error(`BUG: unparsed node id ${node}`);
    return hostIdentityOf(parts.uuid, id, epoch).hostNqn;
  });
}
