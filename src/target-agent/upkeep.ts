/**
 * What the agent does every 30 s while it serves.
 *
 * U1  Every published volume that is blank so far is looked at until content was seen: what was formatted on a node is
 *     then known here even if the node never comes back (DESIGN 5.1 a).
 * U2  An export that is not there is restored, and a listener that is not open is opened.
 * U3  One volume holds up neither the next one nor the next round, not even when a call into the kernel hangs.
 */
import { sleep, withTimeout } from "../host/clock.ts";
import { untilAborted } from "../lib/abort.ts";
import type { TargetAgent } from "./target-agent.ts";
import type { VolumeRecord } from "./volume-record.ts";

const intervalMs = 30_000;
/** Calls of the same volume wait meanwhile. */
const stepMs = 10_000;

interface UpkeepOptions {
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
}

/** Runs until the signal fires. What fails is told to `onError`. */
export async function keepUp(agent: TargetAgent, options: UpkeepOptions): Promise<void> {
  while (!options.signal.aborted) {
    await sleep(intervalMs, options.signal).catch(() => undefined);
    await tendAll(agent, options);
  }
}

/** One round; U3 by `limitMs` for each step. */
export async function tendAll(agent: TargetAgent, options: UpkeepOptions, limitMs = stepMs): Promise<void> {
  const { signal, onError } = options;
  const isOver = () => signal.aborted;
  const step = async (work: (limit: AbortSignal) => Promise<void>) => {
    if (isOver()) return;
    const limit = withTimeout(signal, limitMs);
    try {
      await untilAborted(work(limit), limit);
    } catch (error) {
      if (!isOver()) onError(error);
    }
  };
  await step(async (limit) => agent.openPorts(limit));
  for (const record of agent.records()) await step(async (limit) => tend(agent, record, limit));
}

async function tend(agent: TargetAgent, record: VolumeRecord, signal: AbortSignal): Promise<void> {
  const { id, publications, content } = record;
  const isUnfinished = agent.isFaulty(id) || (publications.length > 0 && !(await agent.isExported(record)));
  if (isUnfinished) {
    await agent.settle(id, signal);
    await agent.prepare(id, signal);
    await agent.link(id, signal);
  } else if (content.state === "blank" && publications.length > 0) await agent.lookAt(id, signal);
}
