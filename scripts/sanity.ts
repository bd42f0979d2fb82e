/** `npm run sanity -- --backend memory|nvmet-file|nvmet-lvm --access mount|block`: one run of csi-sanity against the driver. */
import { parseArgs } from "node:util";
import { runSanity, sanityAccess, sanityBackends } from "../test/sanity/run-sanity.ts";
import { readOptions } from "./read-options.ts";
import { reportTally } from "./report-tally.ts";

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
await reportTally("sanity", async (stop) => runSanity(sanityCase, stop));
