/** Bundles the driver: dist/main.js and, beside it, the child process for direct I/O. */
import { readFile } from "node:fs/promises";
import { build } from "esbuild";

const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };

await build({
  entryPoints: { main: "src/main.ts", "direct-io-child": "src/host/direct-io-child.ts" },
  outdir: "dist",
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  sourcemap: "linked",
  legalComments: "none",
  define: { __DRIVER_VERSION__: JSON.stringify(version) },
  // CommonJS dependencies inside the bundle ask for require and __filename.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
});
