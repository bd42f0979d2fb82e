/**
 * What the agent does at start, before the first request is answered (R10, V42, V46).
 *
 * T1  No listener of ours opens, and no new host connection is accepted, before every verified export is linked.
 * T2  Exports that are still complete in the kernel (a restart of the process alone) are not touched.
 * T3  One volume that cannot be exported does not keep the others away; its condition says why, and it is tried again
 *     for as long as the agent runs (upkeep.ts).
 */
import { exportIdentityOf, type Nqn } from "../domain/identity.ts";
import type { Exporter, ForeignObjects } from "./exporter.ts";
import type { ListenerGate } from "./listener-gate.ts";
import type { TargetAgent } from "./target-agent.ts";
import type { VolumeRecord } from "./volume-record.ts";

export interface RestoreReport {
  /** Exports that were complete already. */
  readonly kept: number;
  /** Exports that were put back. */
  readonly restored: number;
  readonly foreign: ForeignObjects;
}

export async function restoreExports(
  deps: { readonly agent: TargetAgent; readonly exporter: Exporter; readonly gate: ListenerGate },
  signal: AbortSignal,
): Promise<RestoreReport> {
  const { agent, exporter, gate } = deps;
  const { ports } = exporter;
  await ports.assertOwn();
  for (const { id } of agent.records()) await agent.settle(id, signal);
  const published = agent.records().filter((record) => record.publications.length > 0);
  const missing: VolumeRecord[] = [];
  for (const record of published) if (!(await ports.haveAll(nqnOf(record)))) missing.push(record);
  if (missing.length > 0) await gate.close(signal);
  // Also the complete ones: their host lists are compared, and nothing is written where nothing differs.
  for (const { id } of published) await agent.prepare(id, signal);
  // Once more, for what failed by chance: once the gate is open, the hosts of a missing export give it up (V42).
  for (const { id } of published) if (agent.isFaulty(id)) await agent.prepare(id, signal);
  for (const { id } of missing) await agent.link(id, signal);
  await ports.open(signal);
  // Always: an agent that died in the middle of this may have left the gate closed.
  await gate.open(signal);
  const foreign = await exporter.foreign(new Set(agent.records().map(nqnOf)));
  return { kept: published.length - missing.length, restored: missing.length, foreign };
}

function nqnOf(record: VolumeRecord): Nqn {
  return exportIdentityOf(record.cluster, record.id).nqn;
}
