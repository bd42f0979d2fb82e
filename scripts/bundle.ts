/**
 * How the driver is bundled: main.js; beside it the child process for direct I/O, and in chunks/ what only some modes
 * load (the Kubernetes client).
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

const project = join(import.meta.dirname, "..");

export async function bundle(outdir: string, plugins: Plugin[] = []): Promise<void> {
  const { version } = JSON.parse(await readFile(join(project, "package.json"), "utf8")) as { version: string };
  await rm(join(project, outdir, "chunks"), { recursive: true, force: true });
  await build({
    absWorkingDir: project,
    entryPoints: { main: "src/main.ts", "direct-io-child": "src/host/direct-io-child.ts" },
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    platform: "node",
    target: "node24",
    format: "esm",
    sourcemap: "linked",
    legalComments: "none",
    define: { __DRIVER_VERSION__: JSON.stringify(version) },
    // CommonJS dependencies inside the bundle ask for require.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    plugins,
  });
}
