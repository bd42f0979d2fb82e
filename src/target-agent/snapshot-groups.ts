/**
 * Snapshots of several volumes at one instant. A group is what its snapshots say of themselves: each names the group, and
 * how many it has.
 *
 * K1  A group is there when all of its snapshots are ready; until then, and once one has gone, none of them is. What a
 *     crash has left of one was never shown, or is being deleted: the next call, round or start removes it.
 * K2  One that was taken is kept though its caller has gone meanwhile: a repeat finds it.
 */
import type { Bytes } from "../domain/capacity.ts";
import { memberIdOf, type SnapshotGroupId, type VolumeId } from "../domain/identity.ts";
import type { SnapshotGroup } from "../domain/model.ts";
import { groupOf, sameSources } from "../domain/snapshot-group.ts";
import type { AgentState } from "./agent-state.ts";
import type { VolumeLayer } from "./layers/layer.ts";
import { makeObject } from "./make-object.ts";
import { reserveRoom } from "./reserve-room.ts";
import { settledVolume } from "./settle-growth.ts";
import { draftOf, isTakenAmong, snapshotOf, type SnapshotRecord } from "./snapshot-record.ts";
import type { Snapshots } from "./snapshots.ts";
import type { BackingIdentity, VolumeRecord } from "./volume-record.ts";

type CopyTogether = NonNullable<VolumeLayer["copyTogether"]>;

interface Draft {
  readonly volume: VolumeRecord;
  readonly draft: SnapshotRecord;
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
      const rule = "there is no volume with that id in source_volume_ids";
      const named = sources.map(async (source) => settledVolume(this.#state, source, { cannot, rule }));
      const volumes = await Promise.all(named);
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
    const all = this.#state.members(id);
    const members = all.filter(isTakenAmong(all));
    return members.length === 0 ? undefined : groupOf(id, members.map(snapshotOf));
  }

  async #eraseAll(records: readonly SnapshotRecord[]): Promise<void> {
    for (const record of records) await this.#snapshots.erase(record);
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
      drafts.push({ volume, draft: draftOf(this.#state.deps, { id: member, name, volume, reserved, group }) });
    }
    return await reserveRoom(this.#state, { needed, cannot }, signal, async () => {
      for (const { draft } of drafts) await pool.snapshots.save(draft);
      return drafts;
    });
  }

  async #take(drafts: readonly Draft[]): Promise<readonly SnapshotRecord[]> {
    const records = drafts.map(({ draft }) => draft);
    return await makeObject({
      make: async () => this.#copyTogether(drafts.map(({ volume, draft }) => ({ source: volume, copy: draft }))),
      finish: async (backings) => this.#finish(drafts, backings),
      forget: async () => {
        for (const { id } of records) await this.#state.deps.pool.snapshots.forget(id);
      },
      erase: async () => this.#eraseAll(records),
    });
  }

  /** One after the other: the group is there with the last (K1). */
  async #finish(drafts: readonly Draft[], backings: readonly BackingIdentity[]): Promise<readonly SnapshotRecord[]> {
    const takenAt = this.#state.deps.now();
    const ready: SnapshotRecord[] = [];
    for (const [index, one] of drafts.entries()) {
      const backing = backings[index];
      if (backing === undefined) throw new Error(`BUG: no copy of ${one.volume.id}`);
      ready.push(await this.#snapshots.finish(one, backing, takenAt));
    }
    return ready;
  }
}
