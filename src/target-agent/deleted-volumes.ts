/**
 * Volumes that were deleted in a pool with a grace: kept as they are until an order brings them back (`undelete`), their
 * time is over, or their room is needed.
 *
 * G1  No call sees one: it is not there, has no export, and nothing is copied from it.
 * G2  It is promised its room for as long as it is kept, so that it can come back at any time. Whoever needs room gets it
 *     of the oldest ones, as few as will do, and of none where all would not do.
 * G3  Erasing for room waits for no lock, because who needs the room holds locks already (S1). What somebody works on stays.
 * G4  A pool that is as full as it may be loses the oldest one that holds anything, one for each call that needs room and
 *     one for each round of the upkeep: a file system tells of freed room a little later.
 */
import type { Bytes } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import type { VolumeId } from "../domain/identity.ts";
import type { Volume } from "../domain/model.ts";
import type { AgentState } from "./agent-state.ts";
import { eraseVolume } from "./erase-volume.ts";
import { settleGrowth } from "./settle-growth.ts";
import type { VolumeRecord } from "./volume-record.ts";

/** Hosts must not run out of room for something that is deleted, whatever the watermark. */
const fullPercent = 95;

export interface DeletedVolume {
  readonly id: VolumeId;
  readonly name: string;
  readonly size: Bytes;
  readonly deletedAt: Date;
  /** When its time is over. */
  readonly until: Date;
}

function recordsIn(state: AgentState): readonly VolumeRecord[] {
  const deleted = state.records().filter((record) => record.state === "deleted");
  return deleted.sort((a, b) => deletionOf(a).getTime() - deletionOf(b).getTime());
}

function deletionOf({ deletedAt, createdAt }: VolumeRecord): Date {
  return new Date(deletedAt ?? createdAt);
}

/** The oldest first. */
export function deletedVolumes(state: AgentState): readonly DeletedVolume[] {
  return recordsIn(state).map((record) => {
    const { id, name, size } = record;
    const deletedAt = deletionOf(record);
    return { id, name, size, deletedAt, until: new Date(deletedAt.getTime() + state.graceMs) };
  });
}

/** Brings one back as it was. Errors: not_found, already_exists, precondition (what it was made of is not there). */
export async function undelete(state: AgentState, id: VolumeId, signal: AbortSignal): Promise<Volume> {
  const { pool, layer } = state.deps;
  return await state.locked([id], signal, async () => {
    const record = state.record(id);
    const cannot = `undelete volume ${id}`;
    if (record?.state === "ready") {
      throw failure("already_exists", { cannot, rule: "it is there, and not deleted", got: record.name });
    }
    if (record?.state !== "deleted") {
      throw failure("not_found", { cannot, rule: `pool ${pool.name} keeps no deleted volume with that id` });
    }
    const { deletedAt: _past, ...whole } = await settleGrowth(state.deps, record);
    await layer.verified(whole);
    return state.view(await pool.volumes.save({ ...whole, state: "ready" }));
  });
}

/** One that is still deleted when its turn comes; any other stays. */
export async function eraseDeleted(state: AgentState, id: VolumeId, signal: AbortSignal): Promise<void> {
  if (state.record(id)?.state !== "deleted") return;
  await state.locked([id], signal, async () => eraseIfDeleted(state, id));
}

async function eraseIfDeleted(state: AgentState, id: VolumeId): Promise<boolean> {
  const record = state.record(id);
  if (record?.state !== "deleted") return false;
  await eraseVolume(state, record);
  state.deps.onErased?.(record);
  return true;
}

/** What the upkeep has to erase: those whose time is over, or else what G4 says. */
export async function dueForErasure(state: AgentState): Promise<readonly VolumeId[]> {
  const now = state.deps.now();
  const all = deletedVolumes(state);
  const over = all.filter(({ until }) => until <= now);
  if (over.length > 0 || all.length === 0) return over.map(({ id }) => id);
  const { layer, watermarkPercent = 100 } = state.deps;
  if ((await layer.usedPercent()) < Math.min(watermarkPercent, fullPercent)) return [];
  const oldest = await oldestWithRoom(state);
  return oldest === undefined ? [] : [oldest];
}

async function oldestWithRoom(state: AgentState): Promise<VolumeId | undefined> {
  for (const { id } of recordsIn(state)) if ((await state.deps.layer.allocated(id)) > 0n) return id;
  return undefined;
}

/** G3, G4: whether one was erased. */
export async function eraseOldest(state: AgentState, signal: AbortSignal): Promise<boolean> {
  const oldest = await oldestWithRoom(state);
  return oldest !== undefined && (await eraseAll(state, [oldest], signal));
}

/** G2: the room that there is, or that there will surely be as soon as what was erased for it is gone. */
export async function makeRoom(state: AgentState, needed: Bytes, signal: AbortSignal): Promise<Bytes> {
  for (let deleted = recordsIn(state).map(({ id }) => id); ;) {
    signal.throwIfAborted();
    const most = await state.room(needed, deleted);
    if (most < needed) return most;
    const going = deleted.slice(0, await fewest(state, deleted, needed));
    if (await eraseAll(state, going, signal)) return most;
    // What could not be erased counts as kept from now on.
    deleted = deleted.slice(going.length);
  }
}

/** How many of the first ones have to go; all of them would do. */
async function fewest(state: AgentState, deleted: readonly VolumeId[], needed: Bytes): Promise<number> {
  let [tooFew, enough] = [-1, deleted.length];
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if ((await state.room(needed, deleted.slice(0, middle))) >= needed) enough = middle;
    else tooFew = middle;
  }
  return enough;
}

/** G3: whether all of them are gone. One whose erasure fails half-way is left to the upkeep. */
async function eraseAll(state: AgentState, ids: readonly VolumeId[], signal: AbortSignal): Promise<boolean> {
  let isDone = true;
  for (const id of ids) {
    const erased = await state.ifFree(id, signal, async () => eraseIfDeleted(state, id)).catch(() => false);
    if (erased !== true) isDone = false;
  }
  return isDone;
}
