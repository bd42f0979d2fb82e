/**
 * npm run rounds; takes no options. What takes too long for each change: every guard of the format gate against every
 * situation that it is there for, its whole matrix of devices, thirty kills of a mkfs for each file system at moments that
 * SEED decides, and 100,000 random requests.
 */
import { parseArgs } from "node:util";
import { readOptions } from "./read-options.ts";
import { command, runStages, tests } from "./stages.ts";

readOptions("npm run rounds; takes no options", () => parseArgs({ options: {} }));
process.exitCode = await runStages([
  command("bundle", process.execPath, "scripts/build.ts"),
  tests(
    "guards of the format gate",
    { atOnce: 1, env: { SITUATIONS: "all" } },
    "test/kernel/format-gate-guards.test.ts",
  ),
  tests("matrix of the format gate", { atOnce: 1, env: { CELLS: "all" } }, "test/kernel/gate-matrix.test.ts"),
  tests("kills of mkfs", { atOnce: 1, env: { ROUNDS: "30" } }, "test/kernel/format-intent.test.ts"),
  tests("random requests", { atOnce: 1, env: { REQUESTS: "100000" } }, "test/contract/bad-input/fuzz.test.ts"),
]);
