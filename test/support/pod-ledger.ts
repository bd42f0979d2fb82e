/**
 * A pod that writes numbers to its volume, one after the other, and says each one once it is on the disk. On several
 * volumes it writes each number to all of them in turn, and begins no write before the last one has ended.
 */
import assert from "node:assert/strict";
import type { Cluster } from "../cluster/cluster.ts";
import { waitFor } from "../cluster/wait-for.ts";
import { inPod } from "./workloads.ts";

/** Every failed write says so, and goes on: one is too many. */
export function ledgerOn(folders: readonly string[]): string {
  return `
  i=$(tail -n 1 /${folders[0] ?? ""}/ledger 2>/dev/null || echo 0)
  while :; do
    i=$((i + 1))
    said=$i
    for folder in ${folders.join(" ")}; do
      echo "$i" | dd of="/$folder/ledger" oflag=append conv=notrunc,fsync status=none || said="FAILED $i"
    done
    echo "$said"
    usleep 50000
  done`;
}

export const ledgerScript = ledgerOn(["data"]);

/** The last number that the pod has said. */
export async function lastSaid(cluster: Cluster, pod: string, signal: AbortSignal): Promise<number> {
  const log = await cluster.kubectl(["logs", pod, "--tail=1"], { signal });
  return Number(log.trim());
}

/** Waits until the pod has written some more. */
export async function writesOn(cluster: Cluster, pod: string, signal: AbortSignal): Promise<void> {
  // A kubelet that restarts shows no logs for a moment.
  const before = await waitFor("the log must be there", async () => lastSaid(cluster, pod, signal), signal);
  const probe = async () => ((await lastSaid(cluster, pod, signal)) > before + 5 ? true : undefined);
  await waitFor(`${pod} must write more than ${before}`, probe, signal);
}

/** The last number in a volume's ledger; checks that all before are there, each once and in order. */
export async function lastIn(cluster: Cluster, pod: string, folder: string, signal: AbortSignal): Promise<number> {
  const numbers = (await inPod(cluster, pod, `cat /${folder}/ledger`, signal)).split("\n").map(Number);
  assert.ok(
    numbers.every((number, index) => number === index + 1),
    "in order",
  );
  return numbers.length;
}

export async function assertNoWriteFailed(cluster: Cluster, pod: string, signal: AbortSignal): Promise<void> {
  assert.doesNotMatch(await cluster.kubectl(["logs", pod], { signal }), /FAILED/);
}

/** Checks that no write failed and that every number up to `least` is there, each once and in order. */
export async function checkLedger(cluster: Cluster, pod: string, least: number, signal: AbortSignal): Promise<void> {
  await assertNoWriteFailed(cluster, pod, signal);
  const last = await lastIn(cluster, pod, "data", signal);
  assert.ok(last >= least, `${least} numbers were written; got ${last}`);
}
