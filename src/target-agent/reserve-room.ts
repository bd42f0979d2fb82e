/** Room for what is going to be made, deleted volumes being erased for it. */
import type { Bytes } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import type { AgentState } from "./agent-state.ts";
import { eraseOldest, makeRoom } from "./deleted-volumes.ts";

export interface RoomRequest {
  readonly needed: Bytes;
  /** What fails without it. */
  readonly cannot: string;
}

/** Lets `promise` write down that the bytes are taken. Errors: no_capacity. */
export async function reserveRoom<T>(
  state: AgentState,
  { needed, cannot }: RoomRequest,
  signal: AbortSignal,
  promise: () => Promise<T>,
): Promise<T> {
  return await state.lockedCapacity(signal, async () => {
    const used = await stillAboveWatermark(state, signal);
    if (used !== undefined) {
      const rule = `the pool is ${used} percent full, and its watermark is ${state.deps.watermarkPercent}`;
      throw failure("no_capacity", { cannot, rule, got: needed });
    }
    const available = await makeRoom(state, needed, signal);
    if (needed <= available) return await promise();
    const rule = `the pool has room for ${available} bytes`;
    throw failure("no_capacity", { cannot, rule, got: needed });
  });
}

/** Once something was erased to get below it. */
async function stillAboveWatermark(state: AgentState, signal: AbortSignal): Promise<number | undefined> {
  const used = await state.aboveWatermark();
  const isLess = used !== undefined && (await eraseOldest(state, signal));
  return isLess ? await state.aboveWatermark() : used;
}
