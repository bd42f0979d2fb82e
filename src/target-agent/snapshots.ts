/**
 * Snapshots of a target agent: copies of a volume that no host ever reaches. They outlive their source.
 *
 * H1  A snapshot is of one instant between its record and its answer. One that was cut short is taken anew: nobody was
 *     told of it.
 * H2  One that was taken is kept though its caller has gone meanwhile: a repeat finds it.
 */
import { failure } from "../domain/errors.ts";
import type { SnapshotId, VolumeId } from "../domain/identity.ts";
import type { Snapshot } from "../domain/model.ts";
import { partOfGroup } from "../domain/snapshot-group.ts";
import type { AgentState } from "./agent-state.ts";
import { assertNoIntent, lookMs } from "./intent-checks.ts";
import { makeObject } from "./make-object.ts";
import { reserveRoom } from "./reserve-room.ts";
import { settledVolume } from "./settle-growth.ts";
import { draftOf, snapshotOf, type SnapshotRecord } from "./snapshot-record.ts";
import type { BackingIdentity, VolumeRecord } from "./volume-record.ts";

export interface SnapshotToMake {
  readonly id: SnapshotId;
  readonly name: string;
  readonly source: VolumeId;
}

export class Snapshots {
  readonly #state: AgentState;

  constructor(state: AgentState) {
    this.#state = state;
  }

  async create(spec: SnapshotToMake, signal: AbortSignal): Promise<Snapshot> {
    const { id, source } = spec;
    const { pool, layer } = this.#state.deps;
    return await this.#state.locked([id, source], signal, async () => {
      const found = this.#state.snapshotRecord(id);
      if (found !== undefined && this.#state.isTaken(found)) return sameOrRefuse(found, source);
      if (found !== undefined) await this.erase(found);
      const rule = "there is no volume with that source_volume_id";
      const volume = await settledVolume(this.#state, source, { cannot: "take the snapshot", rule });
      await this.assertVacant(id);
      const needed = await layer.allocated(source);
      const draft = await reserveRoom(this.#state, { needed, cannot: "take the snapshot" }, signal, async () =>
        pool.snapshots.save(draftOf(this.#state.deps, { id, name: spec.name, volume, reserved: needed })),
      );
      return snapshotOf(await this.#take(draft, volume));
    });
  }

  /** What bears the name of a snapshot without being known as this cluster's is somebody's data. */
  async assertVacant(id: SnapshotId): Promise<void> {
    const { pool, layer } = this.#state.deps;
    const other = pool.snapshots.get(id);
    if (other !== undefined) {
      const rule = "the pool has it for another cluster";
      throw failure("precondition", { cannot: `take snapshot ${id}`, rule, got: other.cluster });
    }
    await layer.assertVacant(id);
  }

  async #take(draft: SnapshotRecord, volume: VolumeRecord): Promise<SnapshotRecord> {
    const { pool, layer, now } = this.#state.deps;
    return await makeObject({
      make: async () => layer.copy(volume, draft),
      finish: async (backing) => this.finish({ draft, volume }, backing, now()),
      forget: async () => pool.snapshots.forget(draft.id),
      erase: async () => this.erase(draft),
    });
  }

  /** Looks at one that the layer has taken, and calls it ready. */
  async finish(
    { draft, volume }: { readonly draft: SnapshotRecord; readonly volume: VolumeRecord },
    backing: BackingIdentity,
    takenAt: Date,
  ): Promise<SnapshotRecord> {
    const { pool, layer } = this.#state.deps;
    const { reserved: _held, ...made } = { ...draft, backing, createdAt: takenAt.toISOString() };
    await assertNoIntent(layer, volume, made, AbortSignal.timeout(lookMs));
    return await pool.snapshots.save({ ...made, state: "ready" });
  }

  async delete(id: SnapshotId, signal: AbortSignal): Promise<void> {
    await this.#state.locked([id], signal, async () => {
      const record = this.#state.snapshotRecord(id);
      if (record === undefined) return;
      if (record.group !== undefined && this.#state.isTaken(record)) throw partOfGroup(record.group.id, id);
      await this.erase(await this.#state.deps.pool.snapshots.save({ ...record, state: "deleting" }));
    });
  }

  /** Finishes or undoes what a crash interrupted. */
  async settle(id: SnapshotId, signal: AbortSignal): Promise<void> {
    await this.#state.locked([id], signal, async () => {
      const record = this.#state.snapshotRecord(id);
      if (record !== undefined && !this.#state.isTaken(record)) await this.erase(record);
    });
  }

  /** The object first, the record last. */
  async erase(record: SnapshotRecord): Promise<void> {
    const { pool, layer } = this.#state.deps;
    await layer.discard(record);
    await layer.remove(record.id);
    await pool.snapshots.forget(record.id);
  }
}

function sameOrRefuse(found: SnapshotRecord, source: VolumeId): Snapshot {
  if (found.source === source) return snapshotOf(found);
  const rule = `a snapshot of that name exists of ${found.source}`;
  throw failure("already_exists", { cannot: "take the snapshot", rule, got: source });
}
