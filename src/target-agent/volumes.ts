/**
 * Volumes of a target agent: made, made larger, removed.
 *
 * V1  The record is the reservation: from the moment it is saved its size counts as promised.
 * V2  A caller that is told "no room" does not come back: nothing may be left of the attempt.
 * V3  A copy that was made is kept though its caller has gone meanwhile: a repeat finds it. Taking it anew would keep the
 *     writers of its source waiting once more.
 * V4  What a deleted volume of the same name held, or a half-made one, is in no new one: it is erased first.
 */
import { failure } from "../domain/errors.ts";
import type { Bytes } from "../domain/capacity.ts";
import type { VolumeId } from "../domain/identity.ts";
import type { MultiWriter, Volume, VolumeSource } from "../domain/model.ts";
import type { AgentState } from "./agent-state.ts";
import { eraseVolume } from "./erase-volume.ts";
import { assertNoIntent, assertNoMkfs, lookMs, type Original } from "./intent-checks.ts";
import { makeObject } from "./make-object.ts";
import { reserveRoom } from "./reserve-room.ts";
import { mostBlankSizes, settledVolume, settleGrowth } from "./settle-growth.ts";
import { volumeDraft } from "./volume-draft.ts";
import { exportOf, type BackingIdentity, type VolumeRecord } from "./volume-record.ts";

export interface VolumeToMake {
  readonly id: VolumeId;
  readonly name: string;
  readonly size: Bytes;
  readonly source?: VolumeSource;
  readonly multiWriter?: MultiWriter;
}

export class Volumes {
  readonly #state: AgentState;

  constructor(state: AgentState) {
    this.#state = state;
  }

  async create(spec: VolumeToMake, signal: AbortSignal): Promise<Volume> {
    const { id, source } = spec;
    const { pool } = this.#state.deps;
    return await this.#state.locked(source === undefined ? [id] : [id, source.id], signal, async () => {
      const found = this.#state.record(id);
      if (found?.state === "ready") return this.#sameOrRefuse(found, spec);
      // V4.
      if (found !== undefined) await eraseVolume(this.#state, found);
      await this.#assertVacant(id);
      const original = source && (await this.#originalOf(source, spec.size));
      const draft = await reserveRoom(
        this.#state,
        { needed: spec.size, cannot: "create the volume" },
        signal,
        async () => pool.volumes.save(this.#draft(spec, original)),
      );
      return this.#state.view(await this.#make(draft, original));
    });
  }

  /** What bears the volume's name without being known as this cluster's volume is somebody's data. */
  async #assertVacant(id: VolumeId): Promise<void> {
    const { pool, layer } = this.#state.deps;
    const cannot = `create volume ${id}`;
    const other = pool.volumes.get(id);
    if (other !== undefined) {
      throw failure("precondition", { cannot, rule: "the pool has it for another cluster", got: other.cluster });
    }
    await layer.assertVacant(id);
  }

  async #originalOf(source: VolumeSource, size: Bytes): Promise<Original> {
    const cannot = "create the volume";
    const found = source.kind === "volume" ? this.#state.record(source.id) : this.#state.takenSnapshot(source.id);
    if (found?.state !== "ready") {
      throw failure("not_found", { cannot, rule: `there is no source ${source.kind} with that id`, got: source.id });
    }
    const record = "publications" in found ? await settleGrowth(this.#state.deps, found) : found;
    if (size < record.size) {
      const rule = `it must have at least the ${record.size} bytes of its source`;
      throw failure("out_of_range", { cannot, rule, got: size });
    }
    return record;
  }

  /** V2. */
  async #make(draft: VolumeRecord, original: Original | undefined): Promise<VolumeRecord> {
    const { pool, layer } = this.#state.deps;
    const ready = async (made: VolumeRecord) => pool.volumes.save({ ...made, state: "ready" });
    const undo = {
      forget: async () => pool.volumes.forget(draft.id),
      erase: async () => eraseVolume(this.#state, draft),
    };
    if (original === undefined) {
      const finish = async (backing: BackingIdentity) => ready({ ...draft, backing });
      return await makeObject({ make: async () => layer.create(draft), finish, ...undo });
    }
    const look = async (backing: BackingIdentity) => {
      const made = { ...draft, backing };
      const limit = AbortSignal.timeout(lookMs);
      await assertNoIntent(layer, original, made, limit);
      return await ready({ ...made, content: await layer.content(made, limit) });
    };
    return await makeObject({ make: async () => layer.copy(original, draft), finish: look, ...undo });
  }

  #sameOrRefuse(found: VolumeRecord, { size, source, multiWriter }: VolumeToMake): Volume {
    const cannot = "create the volume";
    if (found.multiWriter !== multiWriter) {
      const rule = `it exists for ${found.multiWriter === undefined ? "one writer" : "several writers"}`;
      throw failure("already_exists", { cannot, rule, got: multiWriter ?? "no multiWriter" });
    }
    if (found.source?.id !== source?.id) {
      const rule = `it exists as a copy of ${found.source?.id ?? "nothing"}`;
      throw failure("already_exists", { cannot, rule, got: source?.id ?? "nothing" });
    }
    if (found.size === size) return this.#state.view(found);
    throw failure("already_exists", { cannot, rule: `it exists with ${found.size} bytes`, got: size });
  }

  #draft({ id, name, size, source, multiWriter }: VolumeToMake, original: Original | undefined): VolumeRecord {
    return volumeDraft(this.#state, {
      ...{ id, name, size },
      ...(source !== undefined && { source }),
      ...(multiWriter !== undefined && { multiWriter }),
      ...(original !== undefined && { family: original.family ?? original.id }),
      content: { state: "blank" },
    });
  }

  async expand(id: VolumeId, size: Bytes, signal: AbortSignal): Promise<Volume> {
    const { pool, layer, exporter } = this.#state.deps;
    return await this.#state.locked([id], signal, async () => {
      const rule = "there is no volume with that volume_id";
      const settled = await settledVolume(this.#state, id, { cannot: "grow the volume", rule });
      if (settled.size < size) {
        assertFewSizes(settled);
        if (settled.publications.length > 0) await assertNoMkfs(layer, settled, signal);
        const seen = await this.#state.observe(settled, signal);
        const growing = await reserveRoom(
          this.#state,
          { needed: size - seen.size, cannot: "grow the volume" },
          signal,
          async () => pool.volumes.save({ ...seen, growingTo: size }),
        );
        try {
          await layer.grow(growing, size);
        } finally {
          await settleGrowth(this.#state.deps, growing);
        }
      }
      const grown = this.#state.record(id) ?? settled;
      // Also for one that has the size already: the call that made it larger may have ended before its hosts were told.
      if (grown.publications.length > 0) await exporter.revalidate(exportOf(grown).nqn, signal);
      return this.#state.view(grown);
    });
  }

  async delete(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#state.locked([id], signal, async () => {
      const record = this.#state.record(id);
      // G1.
      if (record === undefined || record.state === "deleted") return;
      const holders = [...record.publications, ...record.revoking].map((held) => held.node);
      if (holders.length > 0) {
        throw failure("in_use", { cannot: `delete volume ${id}`, rule: "it must not be published", got: holders });
      }
      const { graceMs, deps } = this.#state;
      if (record.state === "ready" && graceMs > 0) {
        await deps.pool.volumes.save({ ...record, state: "deleted", deletedAt: deps.now().toISOString() });
        this.#state.acquit(id);
      } else await eraseVolume(this.#state, record);
    });
  }
}

function assertFewSizes({ content, blankSizes, publications }: VolumeRecord): void {
  if (content.state === "present" || publications.length === 0 || blankSizes.length < mostBlankSizes) return;
  const rule = `a published volume that holds nothing grows at most ${mostBlankSizes} times; stage it or unpublish it`;
  throw failure("precondition", { cannot: "grow the volume", rule, got: blankSizes.length });
}
