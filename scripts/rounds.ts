/**
 * npm run rounds; takes no options. What takes too long for each change: the tests of the lab itself and of the kernel
 * tests, that is the driver without each of its guards (format gate, format intent, fence of one node and of one among
 * several, links, mistaken devices), every situation of the format gate and its whole matrix of devices, copies of every file
 * system under load on every layer, a thin pool that runs full or takes snapshots of several volumes without holding them, a
 * machine with little memory, the ends of what a class may ask of mkfs, thirty kills of a mkfs for each file system at moments
 * that SEED decides, a restart of the target with twenty volumes, 100,000 random requests, and 40,000 random histories of calls.
 */
import { parseArgs } from "node:util";
import { readOptions } from "./read-options.ts";
import { command, runStages, tests } from "./stages.ts";

readOptions("npm run rounds; takes no options", () => parseArgs({ options: {} }));
const env = { LONG_ROUND: "yes" };
const played = [
  ...[
    "filesystems.test",
    "copies.test",
    "controller-contract.test",
    "lvm-thin.test",
    "group-snapshots.test",
    "small-machine.test",
    "node.test",
    "fence.test",
    "several-nodes.test",
    "recovery.test",
    "restart.test",
    "process-restart.test",
  ],
  ...["format-gate.test", "format-gate-guards.round", "gate-matrix.test", "format-intent.test", "lab.round"],
];
process.exitCode = await runStages([
  command("bundle", process.execPath, "scripts/build.ts"),
  ...played.map((name) => tests(name, { atOnce: 1, env }, `test/kernel/${name}.ts`)),
  tests("histories of calls", { atOnce: 1, env }, "test/histories/histories.test.ts"),
  tests("random requests", { atOnce: 1, env }, "test/contract/bad-input/fuzz.test.ts"),
]);
