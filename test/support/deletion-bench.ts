/** A target agent whose pool keeps deleted volumes for an hour, by a clock that is turned by hand. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import type { TestContext } from "node:test";
import { tendAll } from "../../src/target-agent/upkeep.ts";
import { size, TargetBench, type Started } from "./target-bench.ts";

const signal = () => AbortSignal.timeout(10_000);
/** Minutes. */
export const hour = 60;

/** A pool with an hour of grace, whose clock is turned by hand. */
export async function openDeletion(t: TestContext, options: { readonly watermarkPercent?: number } = {}) {
  const bench = await TargetBench.open(t);
  let minutes = 0;
  const beginning = Date.now();
  bench.now = () => new Date(beginning + minutes * 60_000);
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const start = async (grace = hour) => bench.start({ ...options, deletionGraceMinutes: grace });
  const started = await start();
  return { bench, start, ...started, pass: (more: number) => (minutes += more), make: makerOf(bench) };
}

function makerOf(bench: TargetBench) {
  return async ({ agent }: Pick<Started, "agent">, name: string, more = {}) =>
    agent.create({ id: bench.id(name), name, size, ...more }, signal());
}

/** Volumes of those names, deleted in that order. */
export async function deleteAll(
  { bench, agent, make, pass }: Awaited<ReturnType<typeof openDeletion>>,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    await make({ agent }, name);
    write(bench, name, name);
    pass(1);
    await agent.delete(bench.id(name), signal());
  }
}

/** Some bytes, as a host would. */
export function write(bench: TargetBench, name: string, text: string): void {
  const file = fs.openSync(bench.image(name), "r+");
  fs.writeSync(file, text, 8192);
  fs.closeSync(file);
}

/** Of what can be had back. */
export const namesOf = ({ agent }: Pick<Started, "agent">) => agent.deleted().map(({ name }) => name);

/** Of the upkeep. */
export const round = async ({ agent, exporter }: Pick<Started, "agent" | "exporter">) =>
  tendAll({ agent, exporter }, { signal: signal(), onError: (error) => assert.ifError(error) });
