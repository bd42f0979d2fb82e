/**
 * What the agent does every 30 s while it serves.
 *
 * U1  Every published volume that is blank so far is looked at until content was seen: what was formatted on a node is
 *     then known here even if the node never comes back (DESIGN 5.1 a).
 * U2  An export that is not there is restored, and a listener that is not open is opened.
 * U3  What a call has left half done, because undoing it failed too, is settled.
 * U4  Deleted volumes are erased when their time is over, and earlier where the pool is as full as it may be
 *     (deleted-volumes.ts).
 * U5  One volume holds up neither the next one nor the next round, not even when a call into the kernel hangs.
 */
import type { VolumeId } from "../domain/identity.ts";
import { sleep } from "../host/clock.ts";
import { boundedStep } from "./bounded-step.ts";
import type { Exporter } from "./exporter.ts";
import type { Tended } from "./target-agent.ts";
import { exportOf, type VolumeRecord } from "./volume-record.ts";

const intervalMs = 30_000;
/** Calls of the same volume wait meanwhile. */
const stepMs = 10_000;

interface Upkept {
  readonly agent: Tended;
  readonly exporter: Exporter;
}

interface UpkeepOptions {
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
}

/** Runs until the signal fires. What fails is told to `onError`. */
export async function keepUp(upkept: Upkept, options: UpkeepOptions): Promise<void> {
  const { signal } = options;
  try {
    for (;;) {
      await sleep(intervalMs, signal);
      await tendAll(upkept, options);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** One round; U5 by `limitMs` for each step. */
export async function tendAll(upkept: Upkept, { signal, onError }: UpkeepOptions, limitMs = stepMs): Promise<void> {
  const { agent, exporter } = upkept;
  const step = boundedStep(limitMs, signal, onError);
  await step(async (limit) => exporter.ports.open(limit));
  for (const id of agent.unsettledSnapshots()) await step(async (limit) => agent.settleSnapshot(id, limit));
  let due: readonly VolumeId[] = [];
  await step(async (limit) => {
    due = await agent.dueForErasure(limit);
  });
  for (const id of due) await step(async (limit) => agent.eraseDeleted(id, limit));
  for (const record of agent.records()) await step(async (limit) => tend(upkept, record, limit));
}

async function tend({ agent, exporter }: Upkept, record: VolumeRecord, signal: AbortSignal): Promise<void> {
  const { id, publications, content, state, growingTo } = record;
  if (state === "deleted") return;
  const isPublished = publications.length > 0;
  // U3. It waits for a call that is under way, and then finds nothing to do.
  const isHalfDone = state !== "ready" || growingTo !== undefined;
  if (isHalfDone || agent.isFaulty(id) || (isPublished && !(await exporter.ports.haveAll(exportOf(record).nqn)))) {
    await agent.settle(id, signal);
    await agent.prepare(id, signal);
    await agent.link(id, signal);
  } else if (content.state === "blank" && isPublished) await agent.lookAt(id, signal);
}
