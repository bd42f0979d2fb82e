/**
 * What the agent does at start, before the first request is answered (R10, V42, V46).
 *
 * T1  No listener of ours opens, and no new host connection is accepted, before every verified export is linked.
 * T2  Exports that are still complete in the kernel (a restart of the process alone) are not touched, but for a look at
 *     the size of what they export.
 * T3  One volume that cannot be exported does not keep the others away; its condition says why, and it is tried again
 *     for as long as the agent runs (upkeep.ts).
 */
import { messageOf } from "../domain/errors.ts";
import { boundedStep } from "./bounded-step.ts";
import type { Exporter, ForeignObjects } from "./exporter.ts";
import type { ListenerGate } from "./listener-gate.ts";
import type { Tended } from "./target-agent.ts";
import { exportOf, type VolumeRecord } from "./volume-record.ts";

export interface RestoreReport {
  /** Exports that were complete already. */
  readonly kept: number;
  /** Exports that were put back. */
  readonly restored: number;
  /** What did not work, in words; upkeep tries it again. */
  readonly faults: readonly string[];
  readonly foreign: ForeignObjects;
}

/** How long a call into the kernel may hang before the start goes on without it. */
const stepMs = 20_000;

export async function restoreExports(
  deps: { readonly agent: Tended; readonly exporter: Exporter; readonly gate: ListenerGate },
  signal: AbortSignal,
): Promise<RestoreReport> {
  const { agent, exporter, gate } = deps;
  const { ports } = exporter;
  const faults: string[] = [];
  const step = boundedStep(stepMs, signal, (error) => faults.push(messageOf(error)));
  await ports.assertOwn();
  for (const id of agent.unsettledSnapshots()) await step(async (limit) => agent.settleSnapshot(id, limit));
  for (const { id } of agent.records()) await step(async (limit) => agent.settle(id, limit));
  const published = agent.records().filter((record) => record.publications.length > 0);
  const missing: VolumeRecord[] = [];
  for (const record of published) if (!(await ports.haveAll(exportOf(record).nqn))) missing.push(record);
  if (missing.length > 0) await gate.close(signal);
  // Also the complete ones: their host lists are compared, and nothing is written where nothing differs.
  for (const { id } of published) await step(async (limit) => agent.prepare(id, limit));
  // Once more, for what failed by chance: once the gate is open, the hosts of a missing export give it up (V42).
  for (const { id } of published) if (agent.isFaulty(id)) await step(async (limit) => agent.prepare(id, limit));
  for (const { id } of missing) await step(async (limit) => agent.link(id, limit));
  await step(async (limit) => ports.open(limit));
  // Always: an agent that died in the middle of this may have left the gate closed.
  await gate.open(signal);
  const foreign = await exporter.foreign(new Set(agent.records().map((record) => exportOf(record).nqn)));
  return { kept: published.length - missing.length, restored: missing.length, faults, foreign };
}
