/**
 * Scenarios on one cluster or several.
 * 1. Each cluster takes the next scenario as soon as it has ended one. Measured: two processors that are threads of one
 *    core emulate two clusters no faster than one after the other.
 * 2. A scenario that fails stops no other; what its cluster looked like is printed.
 */
import type { Tally } from "../support/tally.ts";
import type { Cluster } from "./cluster.ts";
import { describeCluster } from "./describe-cluster.ts";
import type { Progress } from "./progress.ts";
import type { NamedScenario } from "./scenario.ts";

interface Run {
  /** One for each cluster. */
  readonly clusters: readonly Cluster[];
  readonly say: Progress;
  readonly stop: AbortSignal;
}

export async function runScenarios(scenarios: readonly NamedScenario[], run: Run): Promise<Tally> {
  const waiting = [...scenarios];
  let failed = 0;
  const work = async (cluster: Cluster) => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (!(await passes(next, cluster, run))) failed++;
    }
  };
  await Promise.all(run.clusters.map(work));
  return { passed: scenarios.length - failed, failed, skipped: [] };
}

async function passes(scenario: NamedScenario, cluster: Cluster, { say, stop }: Run): Promise<boolean> {
  say(`${scenario.name}: ${scenario.title}`);
  const begun = performance.now();
  try {
    await scenario.run(cluster, AbortSignal.any([stop, AbortSignal.timeout(scenario.limitMs)]));
    say(`${scenario.name}: passed (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
    return true;
  } catch (error) {
    stop.throwIfAborted();
    say(`${scenario.name}: FAILED`);
    console.log(error);
    console.log(await describeCluster(cluster, AbortSignal.any([stop, AbortSignal.timeout(60_000)])));
    return false;
  }
}
