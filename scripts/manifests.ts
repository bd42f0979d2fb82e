/**
 * Generates deploy/ from the chart, one file for each documented values file (`npm run manifests`), or compares it with
 * a fresh generation (`--check`). deploy/ holds generated files only: others are removed, and `--check` (exit code 1)
 * names them.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { namespace, renderText, valuesFiles } from "../test/chart/render.ts";
import { readOptions } from "./read-options.ts";

type Files = ReadonlyMap<string, string>;

const limitMs = 30 * 60 * 1000;
const folder = join(import.meta.dirname, "../deploy");

function header(values: string): string {
  return [
    `# Generated from charts/nvmetcp-csi with values/${values}.yaml by scripts/manifests.ts; do not edit.`,
    `# Installs into the namespace ${namespace}: kubectl apply -f deploy/${values}.yaml`,
    "",
  ].join("\n");
}

async function generate(signal: AbortSignal): Promise<Files> {
  const names = await valuesFiles();
  const files = names.map(async (values): Promise<[string, string]> => {
    const text = (await renderText(values, signal)).replaceAll(/\n\n---\n/g, "\n---\n").trim();
    return [`${values}.yaml`, `${header(values)}${text}\n`];
  });
  return new Map(await Promise.all(files));
}

async function committed(): Promise<Files> {
  const names = await readdir(folder).catch(() => []);
  const files = names.map(async (name): Promise<[string, string]> => [
    name,
    await readFile(join(folder, name), "utf8"),
  ]);
  return new Map(await Promise.all(files));
}

async function write(files: Files): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of (await committed()).keys()) if (!files.has(name)) await rm(join(folder, name));
  for (const [name, text] of files) await writeFile(join(folder, name), text);
  console.log(`wrote ${files.size} files to deploy`);
}

async function check(fresh: Files): Promise<void> {
  const old = await committed();
  const names = [...new Set([...fresh.keys(), ...old.keys()])].toSorted();
  const stale = names.filter((name) => fresh.get(name) !== old.get(name));
  for (const name of stale) console.error(`deploy/${name} differs from the chart: run "npm run manifests"`);
  process.exitCode = stale.length === 0 ? 0 : 1;
}

const { values } = readOptions("npm run manifests -- [--check]", () =>
  parseArgs({ options: { check: { type: "boolean", default: false } } }),
);
const files = await generate(AbortSignal.timeout(limitMs));
await (values.check ? check(files) : write(files));
