/**
 * A driver with one or more guards taken out: the test of a test. A kernel test that guards a promise runs once more
 * against the mutant and must see the fault there; otherwise it could not fail.
 */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build, type Plugin } from "esbuild";
import { bundle } from "../../scripts/bundle.ts";

export interface Mutation {
  /** Names the bundle's folder, with the names of the mutations beside it. */
  readonly name: string;
  /** Source file, relative to the project. */
  readonly file: string;
  /** A text that occurs exactly once in the file, and what stands there instead. */
  readonly replace: string;
  readonly by: string;
}

const project = join(import.meta.dirname, "../..");

/** Builds the mutant; returns its folder relative to the project, for `GuestDriverOptions.bundle`. */
export async function buildMutant(...mutations: readonly Mutation[]): Promise<string> {
  const folder = join("dist/mutants", nameOf(mutations));
  await bundle(folder, [await mutating(mutations)]);
  return folder;
}

/** Bundles a module of the tests with what it tests as a mutant; returns the bundle's path. */
export async function bundleMutant(entry: string, ...mutations: readonly Mutation[]): Promise<string> {
  const outfile = join(project, "dist/mutants", nameOf(mutations), basename(entry, ".ts") + ".js");
  const plugins = [await mutating(mutations)];
  const form = { bundle: true, packages: "external", platform: "node", target: "node24", format: "esm" } as const;
  await build({ ...form, absWorkingDir: project, entryPoints: [entry], outfile, plugins });
  return outfile;
}

function nameOf(mutations: readonly Mutation[]): string {
  return mutations.map(({ name }) => name).join("+");
}

async function mutating(mutations: readonly Mutation[]): Promise<Plugin> {
  const changed = new Map<string, string>();
  for (const mutation of mutations) {
    const path = join(project, mutation.file);
    changed.set(path, mutate(changed.get(path) ?? (await readFile(path, "utf8")), mutation));
  }
  return {
    name: "mutant",
    setup(bundling) {
      bundling.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const contents = changed.get(path);
        return contents === undefined ? undefined : { contents, loader: "ts" };
      });
    },
  };
}

function mutate(source: string, { name, file, replace, by }: Mutation): string {
  const parts = source.split(replace);
  if (parts.length === 2) return parts.join(by);
  throw new Error(`cannot build ${name}: its text must occur once in ${file}; got ${parts.length - 1}`);
}
