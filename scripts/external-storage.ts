/**
 * npm run external-storage -- [--clusters N] [--at-once N] [FOCUS]
 * Kubernetes' own storage suite against the driver in real clusters on this machine; a long round. With FOCUS, a regular
 * expression, only the specs whose full name fits.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { goPrograms } from "../test/cluster/go-programs.ts";
import { startClusters } from "../test/cluster/start-clusters.ts";
import { runSuite } from "../test/external-storage/run-suite.ts";
import { writeDriverImage } from "../test/image/driver-image.ts";
import { makeScratch, removeScratch } from "../test/lab/scratch.ts";
import { install } from "../test/support/release.ts";
import { closingLine, type Tally } from "../test/support/tally.ts";
import { readCount, readOptions } from "./read-options.ts";

const usage = "npm run external-storage -- [--clusters N] [--at-once N] [FOCUS]";
const request = readOptions(usage, () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      clusters: { type: "string", default: "1" },
      "at-once": { type: "string", default: "4" },
    },
  });
  const [focus, ...more] = positionals;
  if (more.length > 0) throw new Error(`one FOCUS at most; got '${positionals.join("' '")}'`);
  return {
    clusters: readCount("--clusters", values.clusters),
    atOnce: readCount("--at-once", values["at-once"]),
    ...(focus !== undefined && { focus: new RegExp(focus) }),
  };
});

async function main(signal: AbortSignal): Promise<Tally> {
  const started = performance.now();
  const say = (line: string) =>
    console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s  ${line}`);
  const programs = await goPrograms("suite", say, signal);
  const work = await makeScratch();
  try {
    const image = join(work, "driver.tar");
    await writeDriverImage(image, signal);
    const { clusters: count, ...rest } = request;
    const cluster = { images: [image], suite: true, memoryMiB: 3072, poolMiB: 24 * 1024, signal, progress: say };
    await using clusters = await startClusters(count, cluster);
    await Promise.all(clusters.running.map(async (one) => install(one, signal)));
    say("driver ready");
    return await runSuite(clusters.running, { ...rest, programs, work, signal });
  } finally {
    await removeScratch(work);
  }
}

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
try {
  const tally = await main(stop.signal);
  for (const reason of tally.skipped) console.log(`skipped: ${reason}`);
  console.log(closingLine(tally));
  process.exitCode = tally.failed > 0 ? 1 : 0;
} catch (error) {
  if (!stop.signal.aborted) throw error;
  console.error("external-storage: ended by a signal");
  process.exitCode = 130;
}
