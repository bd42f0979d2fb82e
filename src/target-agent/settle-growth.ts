/**
 * A volume whose growth was cut short has one size or the other: which one, its layer says. Every call that needs the size
 * asks here first.
 */
import { failure, type Failure } from "../domain/errors.ts";
import type { VolumeId } from "../domain/identity.ts";
import type { AgentState, TargetAgentDeps } from "./agent-state.ts";
import type { VolumeRecord } from "./volume-record.ts";

/** A publish_context has room for so many sizes. Nobody grows a volume that often without putting anything on it. */
export const mostBlankSizes = 100;

export async function settleGrowth({ pool, layer }: TargetAgentDeps, record: VolumeRecord): Promise<VolumeRecord> {
  const { growingTo, ...rest } = record;
  if (growingTo === undefined) return record;
  if ((await layer.sizeOf(record.id)) !== growingTo) return await pool.volumes.save(rest);
  return await pool.volumes.save({ ...rest, size: growingTo, blankSizes: sizesAfter(rest, growingTo) });
}

/** A volume that a call names, with its size; `refusal` is said of one that is not there. Errors: not_found. */
export async function settledVolume(
  state: AgentState,
  id: VolumeId,
  refusal: Pick<Failure, "cannot" | "rule">,
): Promise<VolumeRecord> {
  const found = state.record(id);
  if (found?.state === "ready") return await settleGrowth(state.deps, found);
  throw failure("not_found", { ...refusal, got: id });
}

function sizesAfter({ content, publications, revoking, blankSizes }: VolumeRecord, size: bigint): readonly bigint[] {
  // Nobody can have begun a mkfs at the old size of a volume that nobody holds and that has nothing allocated.
  const isUntouched = content.state === "blank" && publications.length === 0 && revoking.length === 0;
  if (isUntouched) return [size];
  const all = [...new Set([...blankSizes, size])];
  // What holds content is never formatted for being blank; the newest sizes are for intents of a mkfs that was cut short.
  return content.state === "present" ? all.slice(-mostBlankSizes) : all;
}
