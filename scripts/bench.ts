/**
 * npm run bench -- [--json] [--rounds N] [--only FAMILY]... | --profile
 * How fast the driver is beside the bare tools that do the same work, in the same machine and in turns. What each figure
 * means: docs/performance.md. `--profile` says instead where the time of a stage and an unstage goes. The families `process` and `listing` run on this machine, the others in lab VMs, one at a time.
 */
import { parseArgs } from "node:util";
import { families } from "../test/bench/families.ts";
import type { Figure } from "../test/bench/figure.ts";
import { profile } from "../test/bench/profile.ts";
import { jsonOf, tableOf } from "../test/bench/report.ts";
import { bundle } from "./bundle.ts";
import { readCount, readOptions } from "./read-options.ts";

const names = Object.keys(families);
const usage = `npm run bench -- [--json] [--rounds N] [--only ${names.join("|")}]... | --profile`;
const limitMs = 6 * 60 * 60 * 1000;

const request = readOptions(usage, () => {
  const { values } = parseArgs({
    options: {
      profile: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      rounds: { type: "string", default: "10" },
      only: { type: "string", multiple: true, default: names },
    },
  });
  for (const name of values.only) if (!names.includes(name)) throw new Error(`Unknown --only '${name}'`);
  return { ...values, rounds: readCount("--rounds", values.rounds) };
});

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(limitMs)]);
await bundle("dist");
try {
  if (request.profile) console.log(await profile(signal));
  else await measure();
} catch (error) {
  for (const one of causesOf(error)) console.error(one);
  process.exit(1);
}

/** Node.js prints nothing of what a SuppressedError is about. */
function causesOf(error: unknown): readonly unknown[] {
  return error instanceof SuppressedError ? [error.suppressed, error.error].flatMap(causesOf) : [error];
}

async function measure(): Promise<void> {
  const figures: Figure[] = [];
  for (const name of names.filter((one) => request.only.includes(one))) {
    console.error(`bench: ${name} (${new Date().toISOString()})`);
    const found = (await families[name]?.({ rounds: request.rounds, signal })) ?? [];
    // What a later family ends with must not take the earlier ones along.
    console.error(tableOf(found));
    figures.push(...found);
  }
  console.log(request.json ? jsonOf(figures) : tableOf(figures));
}
