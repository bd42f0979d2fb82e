/**
 * npm run e2e -- [--ci] [--keep] [--nodes N] [--clusters N] [--memory MiB] [--image FILE]... [SCENARIO]...
 * A real Kubernetes cluster on this machine, and the scenarios of test/e2e in it; without options all of them.
 * 1. --ci runs those that each CI run has, --keep keeps the cluster for a person (and runs no others than are named).
 * 2. With --clusters, several clusters share the scenarios. Exit status 1 if any failed.
 * 3. However this ends, nothing of the cluster is left (see test/cluster/cluster.ts).
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { writeCommandFiles } from "../test/cluster/command-files.ts";
import type { Cluster } from "../test/cluster/cluster.ts";
import { progressClock } from "../test/cluster/progress.ts";
import { runScenarios } from "../test/cluster/run-scenarios.ts";
import { loadScenario, scenarioNames, type NamedScenario } from "../test/cluster/scenario.ts";
import { startClusters } from "../test/cluster/start-clusters.ts";
import { writeDriverImage } from "../test/image/driver-image.ts";
import { makeScratch, removeScratch } from "../test/lab/scratch.ts";
import { hostLeftovers, judgeLeftovers } from "../test/support/host-leftovers.ts";
import { previousRelease } from "../test/support/previous-release.ts";
import { add, closingLine, type Tally } from "../test/support/tally.ts";
import { readCount, readOptions } from "./read-options.ts";

const usage =
  "npm run e2e -- [--ci] [--keep] [--nodes N] [--clusters N] [--memory MiB] [--image FILE]... [SCENARIO]...";

interface Request {
  readonly ci: boolean;
  readonly keep: boolean;
  readonly names: readonly string[];
  /** At least; scenarios may need more. */
  readonly nodes: number;
  /** Image archives instead of that of this checkout's driver. */
  readonly images: readonly string[];
  readonly memoryMiB: number;
  readonly clusters: number;
}

function readRequest(known: readonly string[]): Request {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ci: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      nodes: { type: "string", default: "1" },
      memory: { type: "string", default: "2048" },
      clusters: { type: "string", default: "1" },
      image: { type: "string", multiple: true, default: [] },
    },
  });
  const stranger = positionals.find((name) => !known.includes(name));
  if (stranger !== undefined)
    throw new Error(`Unknown scenario '${stranger}'; there are: ${known.join(", ") || "none"}`);
  if (values.ci && positionals.length > 0) throw new Error("--ci chooses the scenarios; none can be named");
  const nodes = readCount("--nodes", values.nodes);
  const memoryMiB = readCount("--memory", values.memory);
  const clusters = readCount("--clusters", values.clusters);
  return { ci: values.ci, keep: values.keep, names: positionals, nodes, images: values.image, memoryMiB, clusters };
}

/** Which of all scenarios this run has. */
function chosen(all: readonly NamedScenario[], { ci, keep, names }: Request): readonly NamedScenario[] {
  if (names.length > 0) return all.filter(({ name }) => names.includes(name));
  if (ci) return all.filter((scenario) => scenario.ci);
  return keep ? [] : all;
}

const say = progressClock();

async function keepRunning(cluster: Cluster, stop: AbortSignal): Promise<void> {
  const folder = await writeCommandFiles(cluster, stop);
  console.log(`
The cluster runs until this program ends: Ctrl-C, or kill ${process.pid}. In another terminal, as root:
  export PATH=${folder}:$PATH
  kubectl get pods --all-namespaces
  node1                          a shell on the node (Ctrl-] leaves it)
  ls ${cluster.directory}/log    logs of the control plane and the nodes`);
  const longestDelayMs = 2 ** 31 - 1;
  await delay(longestDelayMs, undefined, { signal: stop }).catch(() => undefined);
}

/** The archives that were given, or that of this checkout's driver; and that of the commit before, where it is needed. */
async function driverImages(
  { images }: Request,
  scenarios: readonly NamedScenario[],
  stop: AbortSignal,
): Promise<AsyncDisposable & { readonly files: readonly string[] }> {
  const previous = scenarios.some((scenario) => scenario.previous) ? [(await previousRelease(say, stop)).image] : [];
  if (images.length > 0) {
    return { files: [...images, ...previous], [Symbol.asyncDispose]: async () => Promise.resolve() };
  }
  const directory = await makeScratch();
  const file = join(directory, "driver.tar");
  const { name } = await writeDriverImage(file, stop);
  say(`image ${name}`);
  return { files: [file, ...previous], [Symbol.asyncDispose]: async () => removeScratch(directory) };
}

/** Runs the scenarios; what the run needs is gone when it returns. */
async function run(request: Request, scenarios: readonly NamedScenario[], stop: AbortSignal): Promise<Tally> {
  const { memoryMiB } = request;
  const nodes = Math.max(request.nodes, ...scenarios.map((scenario) => scenario.nodes ?? 1));
  await using images = await driverImages(request, scenarios, stop);
  const options = { images: images.files, memoryMiB, nodes, signal: stop, progress: say };
  const count = request.keep ? 1 : Math.min(request.clusters, scenarios.length);
  await using clusters = await startClusters(count, options);
  const tally = await runScenarios(scenarios, { clusters: clusters.running, say, stop });
  const [first] = clusters.running;
  if (request.keep && first !== undefined) await keepRunning(first, stop);
  return tally;
}

async function main(request: Request, stop: AbortSignal): Promise<number> {
  const scenarios = chosen(await Promise.all((await scenarioNames()).map(loadScenario)), request);
  // A run that tests nothing must not look like one that passed.
  if (scenarios.length === 0 && !request.keep)
    throw new Error("cannot run: a scenario is needed; got none in test/e2e");
  const before = await hostLeftovers();
  const tally = add(await run(request, scenarios, stop), await judgeLeftovers(before));
  console.log(closingLine(tally));
  return tally.failed > 0 ? 1 : 0;
}

const known = await scenarioNames();
const request = readOptions(usage, () => readRequest(known));
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
try {
  process.exitCode = await main(request, stop.signal);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`e2e: ${stop.signal.aborted ? "ended by a signal" : message}`);
  process.exitCode = stop.signal.aborted ? 130 : 1;
}
