/**
 * Kubernetes' own storage suite, External.Storage, against the driver as it is installed in clusters of the test bed.
 * 1. driver.yaml says what the driver can do; the suite takes its specs by it.
 * 2. Every spec that does not run must be on the list of allowed skips.
 * 3. Specs that stop the kubelet have the cluster for themselves.
 * 4. The driver must live through all of it.
 */
import type { Cluster } from "../cluster/cluster.ts";
import { judgeSpecs, type Spec } from "../support/ginkgo-report.ts";
import { driverRestarts } from "../support/release.ts";
import { add, type Tally } from "../support/tally.ts";
import { allowedSkips } from "./allowed-skips.ts";
import { listSpecs, runGinkgo, type SuitePrograms } from "./ginkgo.ts";

export interface SuiteOptions {
  readonly programs: SuitePrograms;
  /** How many specs at a time in each cluster. */
  readonly atOnce: number;
  /** Only specs whose full name fits; without it all of them. */
  readonly focus?: RegExp;
  /** A folder. */
  readonly work: string;
  readonly signal: AbortSignal;
}

const name = "External Storage";

/** Each cluster has its share of the specs. */
export async function runSuite(clusters: readonly Cluster[], options: SuiteOptions): Promise<Tally> {
  const { programs, focus = /^/, work, signal } = options;
  const specs = (await listSpecs(programs, name, work, signal)).filter((spec) => focus.test(spec));
  const tried = specs.filter((spec) => !allowedSkips.some((row) => row.leaveOut === true && row.specs.test(spec)));
  const shares = clusters.map((_, share) => tried.filter((_spec, index) => index % clusters.length === share));
  const outcomes = await Promise.all(
    clusters.map(async (cluster, index) => runShare(cluster, shares[index] ?? [], options)),
  );
  const leftOut = specs.filter((spec) => !tried.includes(spec));
  const judged = judgeSpecs(
    [...outcomes.flat(), ...leftOut.map((spec) => ({ name: spec, state: "skipped", message: "left out" }))],
    {
      // A choice of specs does not need every row.
      entries: options.focus === undefined ? allowedSkips : [],
      find: (spec: string) => allowedSkips.find((row) => row.specs.test(spec)),
      reason: (row) => row.reason,
      show: (row) => `${row.specs.source} (${row.reason})`,
    },
    name,
  );
  const restarts = await Promise.all(clusters.map(async (cluster) => judgeRestarts(cluster, signal)));
  return restarts.reduce(add, judged);
}

/** The driver lives through all of it: as one more test. */
async function judgeRestarts(cluster: Cluster, signal: AbortSignal): Promise<Tally> {
  const { count, log } = await driverRestarts(cluster, signal);
  if (count === 0) return { passed: 1, failed: 0, skipped: [] };
  console.log(`the driver was started again ${count} times\n${log}`);
  return { passed: 0, failed: 1, skipped: [] };
}

async function runShare(
  cluster: Cluster,
  specs: readonly string[],
  { programs, atOnce, signal }: SuiteOptions,
): Promise<readonly Spec[]> {
  if (specs.length === 0) return [];
  const together = await runGinkgo(cluster, { programs, specs, atOnce, labels: "!Disruptive", signal });
  const alone = await runGinkgo(cluster, { programs, specs, atOnce: 1, labels: "Disruptive", signal });
  // Each run reports the other's specs as skipped, without a message.
  const ran = (spec: Spec) => spec.state !== "skipped" || spec.message !== "";
  const byName = new Map(alone.map((spec) => [spec.name, spec]));
  return together.map((spec) => (ran(spec) ? spec : (byName.get(spec.name) ?? spec)));
}
