/** `npm run sanity -- --backend memory|nvmet-file --access mount|block`: one run of csi-sanity against the driver. */
import { parseArgs } from "node:util";
import { runSanity, sanityAccess, sanityBackends } from "../test/sanity/run-sanity.ts";
import { closingLine } from "../test/support/tally.ts";

const { values } = parseArgs({
  options: { backend: { type: "string", default: "memory" }, access: { type: "string", default: "mount" } },
});
const backend = sanityBackends.find((name) => name === values.backend);
const access = sanityAccess.find((name) => name === values.access);
if (backend === undefined || access === undefined) {
  console.error(`usage: npm run sanity -- --backend ${sanityBackends.join("|")} --access ${sanityAccess.join("|")}`);
  process.exit(2);
}
const tally = await runSanity({ backend, access });
for (const reason of tally.skipped) console.log(`skipped: ${reason}`);
console.log(closingLine(tally));
process.exitCode = tally.failed > 0 ? 1 : 0;
