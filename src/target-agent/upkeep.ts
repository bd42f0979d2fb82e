/**
 * What the agent does every 30 s while it serves.
 *
 * U1  Every published volume that is blank so far is looked at until content was seen: what was formatted on a node is
 *     then known here even if the node never comes back (DESIGN 5.1 a).
 * U2  An export that could not be restored is tried again.
 * U3  One volume holds up neither the next one nor the next round.
 */
import { sleep, withTimeout } from "../host/clock.ts";
import type { TargetAgent } from "./target-agent.ts";
import type { VolumeRecord } from "./volume-record.ts";

const intervalMs = 30_000;
/** Calls of the same volume wait meanwhile. */
const lookMs = 10_000;

/** Runs until the signal fires. What fails is told to `onError`. */
export async function keepUp(
  agent: TargetAgent,
  { signal, onError }: { readonly signal: AbortSignal; readonly onError: (error: unknown) => void },
): Promise<void> {
  while (!signal.aborted) {
    await sleep(intervalMs, signal).catch(() => undefined);
    await tendAll(agent, { signal, onError });
  }
}

/** One round. */
export async function tendAll(
  agent: TargetAgent,
  { signal, onError }: { readonly signal: AbortSignal; readonly onError: (error: unknown) => void },
): Promise<void> {
  const isOver = () => signal.aborted;
  for (const record of agent.records()) {
    if (isOver()) return;
    try {
      await tend(agent, record, withTimeout(signal, lookMs));
    } catch (error) {
      if (!isOver()) onError(error);
    }
  }
}

async function tend(agent: TargetAgent, record: VolumeRecord, signal: AbortSignal): Promise<void> {
  const { id, publications, content } = record;
  if (agent.isFaulty(id)) {
    await agent.settle(id, signal);
    await agent.prepare(id, signal);
    await agent.link(id, signal);
  } else if (content.state === "blank" && publications.length > 0) await agent.lookAt(id, signal);
}
