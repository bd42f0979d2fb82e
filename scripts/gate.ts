/**
 * The gate: `check` is the fast loop (format, lint with import zones, generated code, types, unit tests; no VM), `all`
 * is everything. Each stage says how long it took; the last line is the plain count of tests. A stage that fails stops
 * nothing: all are reported. Exit status 1 if anything failed. A signal ends the running stage, with all it started, and
 * with it the gate.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runSanity, type SanityCase } from "../test/sanity/run-sanity.ts";
import { hostLeftovers, judgeLeftovers } from "../test/support/host-leftovers.ts";
import { add, closingLine, noTests, type Tally } from "../test/support/tally.ts";
import { readOptions } from "./read-options.ts";

interface Stage {
  readonly name: string;
  /** The tally of the stage's tests; throws when the stage fails without tests. */
  readonly run: () => Promise<Tally>;
}

const bin = "node_modules/.bin";
const stop = new AbortController();
let running: ChildProcess | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    stop.abort();
    running?.kill("SIGTERM");
  });
}

async function execute(file: string, args: readonly string[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = spawn(file, args, { stdio: "inherit" });
  running = child;
  child.on("error", reject);
  child.on("exit", (code) => resolve(code ?? 1));
  return await promise;
}

function command(name: string, file: string, ...args: readonly string[]): Stage {
  return {
    name,
    run: async () => {
      const code = await execute(file, args);
      if (code !== 0) throw new Error(`${file} ended with status ${code}`);
      return noTests;
    },
  };
}

function tests(name: string, concurrency: number, ...globs: readonly string[]): Stage {
  return {
    name,
    run: async () => {
      const directory = await mkdtemp(join(tmpdir(), "nvmetcp-gate-"));
      const file = join(directory, "tally.json");
      const reporters = ["spec", "./test/support/tally-reporter.ts"].flatMap((reporter, index) => [
        `--test-reporter=${reporter}`,
        `--test-reporter-destination=${index === 0 ? "stdout" : file}`,
      ]);
      try {
        const code = await execute(process.execPath, [
          "--test",
          `--test-concurrency=${concurrency}`,
          ...reporters,
          ...globs,
        ]);
        const tally = JSON.parse(await readFile(file, "utf8")) as Tally;
        return code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
      } finally {
        await rm(directory, { recursive: true });
      }
    },
  };
}

function sanity(options: SanityCase): Stage {
  return { name: `csi-sanity ${options.backend}, ${options.access}`, run: async () => runSanity(options, stop.signal) };
}

const fast: readonly Stage[] = [
  command("format", `${bin}/prettier`, "--check", "--log-level=warn", "."),
  command("lint", `${bin}/eslint`, "."),
  command("generated code", process.execPath, "scripts/generate.ts", "--check"),
  command("types", `${bin}/tsc`),
  tests("unit tests", 2, "src/**/*.test.ts", "test/lint/*.test.ts", "test/support/*.test.ts"),
];

const slow: readonly Stage[] = [
  command("bundle", process.execPath, "scripts/build.ts"),
  tests("contract tests", 2, "test/contract/**/*.test.ts"),
  tests("image tests", 1, "test/image/*.test.ts"),
  command("manifests", process.execPath, "scripts/manifests.ts", "--check"),
  tests("chart tests", 2, "test/chart/*.test.ts"),
  sanity({ backend: "memory", access: "mount" }),
  sanity({ backend: "memory", access: "block" }),
  tests("kernel tests", 2, "test/kernel/**/*.test.ts"),
  sanity({ backend: "nvmet-file", access: "mount" }),
  sanity({ backend: "nvmet-file", access: "block" }),
  command("demo", process.execPath, "scripts/demo.ts"),
];

/** The last stage: the run itself has left nothing on this machine. */
function cleanliness(before: ReadonlySet<string>): Stage {
  return { name: "nothing left behind", run: async () => judgeLeftovers(before) };
}

async function main(which: "all" | "check"): Promise<number> {
  let total = noTests;
  const last = cleanliness(await hostLeftovers());
  const broken: string[] = [];
  for (const { name, run } of which === "all" ? [...fast, ...slow, last] : fast) {
    console.log(`\n== ${name}`);
    const started = performance.now();
    try {
      const tally = await run();
      total = add(total, tally);
      if (tally.failed > 0) broken.push(name);
    } catch (error) {
      console.log(error instanceof Error ? error.message : String(error));
      total = add(total, { passed: 0, failed: 1, skipped: [] });
      broken.push(name);
    }
    if (stop.signal.aborted) {
      console.log(`== ${name}: ended by a signal`);
      return 130;
    }
    console.log(`== ${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  for (const reason of total.skipped) console.log(`skipped: ${reason}`);
  if (broken.length > 0) console.log(`failed: ${broken.join("; ")}`);
  console.log(closingLine(total));
  return broken.length > 0 ? 1 : 0;
}

const which = readOptions("npm run check, or npm test; they take no options", () => {
  const [name, ...more] = parseArgs({ allowPositionals: true }).positionals;
  if (more.length > 0 || (name !== "all" && name !== "check")) throw new Error(`Unknown argument '${more.join(" ")}'`);
  return name;
});
process.exitCode = await main(which);
