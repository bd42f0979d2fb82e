/**
 * The gate: `check` is the fast loop (format, lint with import zones, generated code, types, unit tests; no VM), `all`
 * is everything. Exit status 1 if anything failed.
 */
import { parseArgs } from "node:util";
import { add } from "../test/support/tally.ts";
import { hostLeftovers, judgeLeftovers } from "../test/support/host-leftovers.ts";
import { readOptions } from "./read-options.ts";
import { sanity } from "./sanity-stage.ts";
import { command, runStages, tests, type Stage } from "./stages.ts";

const bin = "node_modules/.bin";

const unitTests = [
  "src/**/*.test.ts",
  ...["lint", "support", "bench", "histories"].map((name) => `test/${name}/*.test.ts`),
];

/** Each of them takes one processor. */
function atOnce(name: string, stages: readonly Stage[]): Stage {
  return {
    name,
    run: async (signal) => (await Promise.all(stages.map(async ({ run }) => run(signal)))).reduce(add),
  };
}

const fast: readonly Stage[] = [
  command("format", `${bin}/prettier`, "--check", "--log-level=warn", "."),
  command("lint", `${bin}/eslint`, "."),
  command("generated code", process.execPath, "scripts/generate.ts", "--check"),
  command("types", `${bin}/tsc`),
  tests("unit tests", { atOnce: 2 }, ...unitTests),
];

const slow: readonly Stage[] = [
  command("bundle", process.execPath, "scripts/build.ts"),
  tests("contract tests", { atOnce: 2 }, "test/contract/**/*.test.ts"),
  tests("image tests", { atOnce: 1 }, "test/image/*.test.ts"),
  command("manifests", process.execPath, "scripts/manifests.ts", "--check"),
  tests("chart tests", { atOnce: 2 }, "test/chart/*.test.ts"),
  sanity({ backend: "memory", access: "mount" }),
  sanity({ backend: "memory", access: "block" }),
  tests("kernel tests", { atOnce: 2 }, "test/kernel/**/*.test.ts"),
  ...(["nvmet-file", "nvmet-lvm"] as const).map((backend) =>
    atOnce(`csi-sanity ${backend}, mount and block`, [
      sanity({ backend, access: "mount" }),
      sanity({ backend, access: "block" }),
    ]),
  ),
  command("demo", process.execPath, "scripts/demo.ts"),
];

/** The last stage: the run itself has left nothing on this machine. */
function cleanliness(before: ReadonlySet<string>): Stage {
  return { name: "nothing left behind", run: async () => judgeLeftovers(before) };
}

const which = readOptions("npm run check, or npm test; they take no options", () => {
  const [name, ...more] = parseArgs({ allowPositionals: true }).positionals;
  if (more.length > 0 || (name !== "all" && name !== "check")) throw new Error(`Unknown argument '${more.join(" ")}'`);
  return name;
});
process.exitCode = await runStages(which === "all" ? [...fast, ...slow, cleanliness(await hostLeftovers())] : fast);
