/**
 * npm run rounds; takes no options. What takes too long for each change: every guard of the format gate against every
 * situation that it is there for, its whole matrix of devices, the ends of what a class may ask of mkfs, a node without its
 * guards against mistaken devices and links, thirty kills of a mkfs for each file system at moments that SEED decides, a
 * restart of the target with twenty volumes, and 100,000 random requests.
 */
import { parseArgs } from "node:util";
import { readOptions } from "./read-options.ts";
import { command, runStages, tests } from "./stages.ts";

readOptions("npm run rounds; takes no options", () => parseArgs({ options: {} }));
const env = { LONG_ROUND: "yes" };
process.exitCode = await runStages([
  command("bundle", process.execPath, "scripts/build.ts"),
  ...["filesystems", "node", "format-gate", "format-gate-guards", "gate-matrix", "format-intent", "restart"].map(
    (name) => tests(name, { atOnce: 1, env }, `test/kernel/${name}.test.ts`),
  ),
  tests("random requests", { atOnce: 1, env }, "test/contract/bad-input/fuzz.test.ts"),
]);
