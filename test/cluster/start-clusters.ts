/** Several clusters at a time, which know nothing of each other; they end together. */
import type { Cluster } from "./cluster.ts";
import { startCluster, type ClusterOptions } from "./start-cluster.ts";

export interface Clusters extends AsyncDisposable {
  readonly running: readonly Cluster[];
}

export async function startClusters(count: number, options: ClusterOptions): Promise<Clusters> {
  await using undo = new AsyncDisposableStack();
  const starting = Array.from({ length: count }, async () => startCluster(options));
  const outcomes = await Promise.allSettled(starting);
  for (const outcome of outcomes) if (outcome.status === "fulfilled") undo.use(outcome.value);
  const running = await Promise.all(starting);
  const ours = undo.move();
  return { running, [Symbol.asyncDispose]: async () => ours.disposeAsync() };
}
