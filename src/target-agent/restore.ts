/**
 * What the agent does at start, before the first request is answered (R10, V42, V46).
 *
 * T1  No listener of ours opens, and no new host connection is accepted, before every verified export is linked.
 * T2  Exports that are still complete in the kernel (a restart of the process alone) are not touched.
 * T3  One volume that cannot be exported does not keep the others away; its condition says why.
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
  await exporter.assertPortsOwn();
  for (const record of agent.records()) await agent.settle(record, signal);
  const published = agent.records().filter((record) => record.publications.length > 0);
  const missing: VolumeRecord[] = [];
  for (const record of published) if (!(await exporter.isComplete(nqnOf(record)))) missing.push(record);
  if (missing.length > 0) await gate.close(signal);
  // Also the complete ones: their host lists are compared, and nothing is written where nothing differs.
  for (const record of published) await agent.restore(record.id, "prepare", signal);
  for (const record of missing) await agent.restore(record.id, "link", signal);
  // Always: an agent that died in the middle of this may have left the gate closed.
  await gate.open(signal);
  const foreign = await exporter.foreign(new Set(agent.records().map(nqnOf)));
  return { kept: published.length - missing.length, restored: missing.length, foreign };
}

function nqnOf(record: VolumeRecord): Nqn {
  return exportIdentityOf(record.cluster, record.id).nqn;
}
