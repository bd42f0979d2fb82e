/**
 * A scenario of the end-to-end tests: a file test/e2e/NAME.ts that exports `scenario`. Scenarios share one cluster and
 * run one after the other, in the order of their files' names; each removes what it made.
 */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Cluster } from "./cluster.ts";

export interface Scenario {
  /** A sentence that says what is true when it passes. */
  readonly title: string;
  /** Part of each run of CI. */
  readonly ci: boolean;
  /** How many nodes it needs; 1 unless given. */
  readonly nodes?: number;
  /** It needs the image of the previous commit too. */
  readonly previous?: boolean;
  /** How long it may take at most. */
  readonly limitMs: number;
  run(cluster: Cluster, signal: AbortSignal): Promise<void>;
}

export interface NamedScenario extends Scenario {
  readonly name: string;
}

export const scenarioDirectory = join(import.meta.dirname, "../e2e");

/** The scenarios there are; tests of helpers, *.test.ts, lie beside them. */
export async function scenarioNames(): Promise<readonly string[]> {
  const files: readonly string[] = await readdir(scenarioDirectory).catch(() => []);
  const scenarios = files.filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  return scenarios.map((file) => basename(file, ".ts")).sort();
}

export async function loadScenario(name: string): Promise<NamedScenario> {
  const file = join(scenarioDirectory, `${name}.ts`);
  const module = (await import(pathToFileURL(file).href)) as { readonly scenario?: Scenario };
  if (module.scenario === undefined) throw new Error(`cannot load ${file}: it must export "scenario"; got none`);
  const { scenario } = module;
  return {
    name,
    title: scenario.title,
    ci: scenario.ci,
    nodes: scenario.nodes ?? 1,
    previous: scenario.previous ?? false,
    limitMs: scenario.limitMs,
    run: async (cluster, signal) => scenario.run(cluster, signal),
  };
}
