/**
 * npm run external-storage -- [--clusters N] [--at-once N] [FOCUS]
 * Kubernetes' own storage suite against the driver in real clusters on this machine; a long round. With FOCUS, a regular
 * expression, only the specs whose full name fits.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { goPrograms } from "../test/cluster/go-programs.ts";
import { progressClock } from "../test/cluster/progress.ts";
import { startClusters } from "../test/cluster/start-clusters.ts";
import { runSuite } from "../test/external-storage/run-suite.ts";
import { writeDriverImage } from "../test/image/driver-image.ts";
import { makeScratch, removeScratch } from "../test/lab/scratch.ts";
import { install } from "../test/support/release.ts";
import type { Tally } from "../test/support/tally.ts";
import { readCount, readOptions } from "./read-options.ts";
import { reportTally } from "./report-tally.ts";

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
  const say = progressClock();
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

await reportTally("external-storage", main);
