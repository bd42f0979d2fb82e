/**
 * A driver with one guard taken out: the test of a test. A kernel test that guards a promise runs once more against
 * the mutant and must see the fault there; otherwise it could not fail.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { bundle } from "../../scripts/bundle.ts";

export interface Mutation {
  /** Names the bundle's folder. */
  readonly name: string;
  /** Source file, relative to the project. */
  readonly file: string;
  /** A text that occurs exactly once in the file, and what stands there instead. */
  readonly replace: string;
  readonly by: string;
}

const project = join(import.meta.dirname, "../..");

/** Builds the mutant; returns its folder relative to the project, for `GuestDriverOptions.bundle`. */
export async function buildMutant(mutation: Mutation): Promise<string> {
  const path = join(project, mutation.file);
  const source = await readFile(path, "utf8");
  const parts = source.split(mutation.replace);
  if (parts.length !== 2) {
    throw new Error(
      `cannot build ${mutation.name}: its text must occur once in ${mutation.file}; got ${parts.length - 1}`,
    );
  }
  const plugin: Plugin = {
    name: "mutant",
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path: loaded }) =>
        loaded === path ? { contents: parts.join(mutation.by), loader: "ts" } : undefined,
      );
    },
  };
  const folder = join("dist/mutants", mutation.name);
  await bundle(folder, [plugin]);
  return folder;
}
