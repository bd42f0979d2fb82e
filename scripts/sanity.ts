/** `npm run sanity -- --backend memory|nvmet-file --access mount|block`: one run of csi-sanity against the driver. */
import { parseArgs } from "node:util";
import { runSanity, sanityAccess, sanityBackends } from "../test/sanity/run-sanity.ts";
import { closingLine } from "../test/support/tally.ts";
import { readOptions } from "./read-options.ts";

const usage = `npm run sanity -- [--backend ${sanityBackends.join("|")}] [--access ${sanityAccess.join("|")}]`;
const sanityCase = readOptions(usage, () => {
  const { values } = parseArgs({
    options: { backend: { type: "string", default: "memory" }, access: { type: "string", default: "mount" } },
  });
  const backend = sanityBackends.find((name) => name === values.backend);
  if (backend === undefined) throw new Error(`Unknown --backend '${values.backend}'`);
  const access = sanityAccess.find((name) => name === values.access);
  if (access === undefined) throw new Error(`Unknown --access '${values.access}'`);
  return { backend, access };
});
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
try {
  const tally = await runSanity(sanityCase, stop.signal);
  for (const reason of tally.skipped) console.log(`skipped: ${reason}`);
  console.log(closingLine(tally));
  process.exitCode = tally.failed > 0 ? 1 : 0;
} catch (error) {
  if (!stop.signal.aborted) throw error;
  console.error("sanity: ended by a signal");
  process.exitCode = 130;
}
