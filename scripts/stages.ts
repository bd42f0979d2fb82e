/**
 * Stages of a long command, one after the other. Each says how long it took; the last line is the plain count of tests. A
 * stage that fails stops nothing: all are reported. A signal ends the running stage, with all it started, and the rest.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { add, closingLine, noTests, type Tally } from "../test/support/tally.ts";

export interface Stage {
  readonly name: string;
  /** The tally of the stage's tests; throws when the stage fails without tests. */
  readonly run: (signal: AbortSignal) => Promise<Tally>;
}

export interface TestOptions {
  /** How many files at a time. */
  readonly atOnce: number;
  /** Besides the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

let running: ChildProcess | undefined;

async function execute(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = spawn(file, args, { stdio: "inherit", env: { ...process.env, ...env } });
  running = child;
  child.on("error", reject);
  child.on("exit", (code) => resolve(code ?? 1));
  return await promise;
}

export function command(name: string, file: string, ...args: readonly string[]): Stage {
  return {
    name,
    run: async () => {
      const code = await execute(file, args);
      if (code !== 0) throw new Error(`${file} ended with status ${code}`);
      return noTests;
    },
  };
}

export function tests(name: string, { atOnce, env }: TestOptions, ...globs: readonly string[]): Stage {
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
        const argv = ["--test", `--test-concurrency=${atOnce}`, ...reporters, ...globs];
        const code = await execute(process.execPath, argv, env);
        const tally = JSON.parse(await readFile(file, "utf8")) as Tally;
        return code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
      } finally {
        await rm(directory, { recursive: true });
      }
    },
  };
}

/** Runs the stages and prints what came of them; resolves with the exit status, 1 if anything failed. */
export async function runStages(stages: readonly Stage[]): Promise<number> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      stop.abort();
      running?.kill("SIGTERM");
    });
  }
  let total = noTests;
  const broken: string[] = [];
  for (const { name, run } of stages) {
    console.log(`\n== ${name}`);
    const started = performance.now();
    try {
      const tally = await run(stop.signal);
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
