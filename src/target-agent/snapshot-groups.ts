/**
 * Snapshots of several volumes at one instant. A group is what its snapshots say of themselves: each names the group, and
 * how many it has.
 *
 * K1  A group is there when all of its snapshots are ready; until then, and once one has gone, none of them is. What a
 *     crash has left of one was never shown, or is being deleted: the next call, round or start removes it.
 * K2  One that was taken is kept though its caller has gone meanwhile: a repeat finds it.
 */
import type { Bytes } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import { memberIdOf, type SnapshotGroupId, type VolumeId } from "../domain/identity.ts";
import type { SnapshotGroup } from "../domain/model.ts";
import { groupOf, sameSources } from "../domain/snapshot-group.ts";
import type { AgentState } from "./agent-state.ts";
import { assertNoIntent, lookMs } from "./intent-checks.ts";
import type { VolumeLayer } from "./layers/layer.ts";
import { makeObject } from "./make-object.ts";
import { settleGrowth } from "./settle-growth.ts";
import { draftOf, snapshotOf, type SnapshotRecord } from "./snapshot-record.ts";
import type { Snapshots } from "./snapshots.ts";
import type { BackingIdentity, VolumeRecord } from "./volume-record.ts";

type CopyTogether = NonNullable<VolumeLayer["copyTogether"]>;

interface Draft {
  readonly volume: VolumeRecord;
  readonly record: SnapshotRecord;
}

const cannot = "take the group of snapshots";

export interface SnapshotGroupToMake {
  readonly id: SnapshotGroupId;
  readonly name: string;
  /** At least one, none of them twice. */
  readonly sources: readonly VolumeId[];
}

export class SnapshotGroups {
  readonly #state: AgentState;
  readonly #snapshots: Snapshots;
  readonly #copyTogether: CopyTogether;

  constructor(state: AgentState, snapshots: Snapshots, copyTogether: CopyTogether) {
    this.#state = state;
    this.#snapshots = snapshots;
    this.#copyTogether = copyTogether;
  }

  async create(spec: SnapshotGroupToMake, signal: AbortSignal): Promise<SnapshotGroup> {
    const { id, sources } = spec;
    return await this.#held(id, sources, signal, async () => {
      const found = this.#found(id);
      if (found !== undefined) return sameSources(found, sources);
      await this.#eraseAll(this.#state.members(id));
      const volumes = await Promise.all(sources.map(async (source) => this.#sourceOf(source)));
      const drafts = await this.#draft(spec, volumes, signal);
      return groupOf(id, (await this.#take(drafts)).map(snapshotOf));
    });
  }

  async get(id: SnapshotGroupId, signal: AbortSignal): Promise<SnapshotGroup | undefined> {
    signal.throwIfAborted();
    return await Promise.resolve(this.#found(id));
  }

  async delete(id: SnapshotGroupId, signal: AbortSignal): Promise<void> {
    await this.#held(id, [], signal, async () => this.#eraseAll(this.#state.members(id)));
  }

  /** The group first: what it has does not change any more, and can be locked as well. */
  async #held<T>(
    id: SnapshotGroupId,
    sources: readonly VolumeId[],
    signal: AbortSignal,
    task: () => Promise<T>,
  ): Promise<T> {
    return await this.#state.locked([id], signal, async () => {
      const members = [...this.#state.members(id).map((member) => member.id), ...sources.map((s) => memberIdOf(id, s))];
      return await this.#state.locked([...members, ...sources], signal, task);
    });
  }

  /** K1. */
  #found(id: SnapshotGroupId): SnapshotGroup | undefined {
    const members = this.#state.members(id).filter((record) => this.#state.isTaken(record));
    return members.length === 0 ? undefined : groupOf(id, members.map(snapshotOf));
  }

  async #eraseAll(records: readonly SnapshotRecord[]): Promise<void> {
    for (const record of records) await this.#snapshots.erase(record);
  }

  async #sourceOf(source: VolumeId): Promise<VolumeRecord> {
    const volume = this.#state.record(source);
    if (volume?.state === "ready") return await settleGrowth(this.#state.deps, volume);
    const rule = "there is no volume with that id in source_volume_ids";
    throw failure("not_found", { cannot, rule, got: source });
  }

  async #draft(
    { id, name }: SnapshotGroupToMake,
    volumes: readonly VolumeRecord[],
    signal: AbortSignal,
  ): Promise<readonly Draft[]> {
    const { pool, layer } = this.#state.deps;
    const group = { id, size: volumes.length };
    const drafts: Draft[] = [];
    let needed: Bytes = 0n;
    for (const volume of volumes) {
      const member = memberIdOf(id, volume.id);
      await this.#snapshots.assertVacant(member);
      const reserved = await layer.allocated(volume.id);
      needed += reserved;
      drafts.push({ volume, record: draftOf(this.#state.deps, { id: member, name, volume, reserved, group }) });
    }
    return await this.#state.reserve(needed, cannot, signal, async () => {
      for (const { record } of drafts) await pool.snapshots.save(record);
      return drafts;
    });
  }

  async #take(drafts: readonly Draft[]): Promise<readonly SnapshotRecord[]> {
    const records = drafts.map(({ record }) => record);
    return await makeObject({
      make: async () => this.#copyTogether(drafts.map(({ volume, record }) => ({ source: volume, copy: record }))),
      finish: async (backings) => this.#finish(drafts, backings),
      forget: async () => {
        for (const { id } of records) await this.#state.deps.pool.snapshots.forget(id);
      },
      erase: async () => this.#eraseAll(records),
    });
  }

  async #finish(drafts: readonly Draft[], backings: readonly BackingIdentity[]): Promise<readonly SnapshotRecord[]> {
    const { pool, layer, now } = this.#state.deps;
    const createdAt = now().toISOString();
    const made = drafts.map(({ volume, record: { reserved: _held, ...record } }, index) => {
      const backing = backings[index];
      if (backing === undefined) throw new Error(`BUG: no copy of ${volume.id}`);
      return { volume, record: { ...record, backing, createdAt } };
    });
    for (const { volume, record } of made) await assertNoIntent(layer, volume, record, AbortSignal.timeout(lookMs));
    const ready: SnapshotRecord[] = [];
    for (const { record } of made) ready.push(await pool.snapshots.save({ ...record, state: "ready" }));
    return ready;
  }
}
