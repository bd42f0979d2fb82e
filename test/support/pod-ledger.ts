/** A pod that writes numbers to its volume, one after the other, and says each one once it is on the disk. */
import assert from "node:assert/strict";
import type { Cluster } from "../cluster/cluster.ts";
import { waitFor } from "../cluster/wait-for.ts";
import { inPod } from "./workloads.ts";

/** Every failed write says so, and goes on: one is too many. */
export const ledgerScript = `
  i=$(tail -n 1 /data/ledger 2>/dev/null || echo 0)
  while :; do
    i=$((i + 1))
    echo "$i" | dd of=/data/ledger oflag=append conv=notrunc,fsync status=none && echo "$i" || echo "FAILED $i"
    usleep 50000
  done`;

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

/** Checks that no write failed and that every number up to `least` is there, each once and in order. */
export async function checkLedger(cluster: Cluster, pod: string, least: number, signal: AbortSignal): Promise<void> {
  assert.doesNotMatch(await cluster.kubectl(["logs", pod], { signal }), /FAILED/);
  const numbers = (await inPod(cluster, pod, "cat /data/ledger", signal)).split("\n").map(Number);
  assert.ok(numbers.length >= least, `${least} numbers were written; got ${numbers.length}`);
  assert.ok(
    numbers.every((number, index) => number === index + 1),
    "in order",
  );
}
