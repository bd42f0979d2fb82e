/**
 * Lint rules of the project. The import zones make "the import arrow is the request arrow" a rule instead of a hope:
 * a folder may import itself and exactly what `layers` lists for it; an entry that names a file is a door.
 */
import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import { importX } from "eslint-plugin-import-x";
import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";
import { layers } from "./scripts/layers.ts";

const zones = Object.entries(layers).map(([folder, allowed]) => ({
  target: `./src/${folder}`,
  from: "./src",
  except: [`./${folder}`, ...allowed.map((door) => `./${door}`)],
  message: `src/${folder} may import only: ${allowed.join(", ") || "nothing of ours"}`,
}));

const osModules = ["child_process", "fs", "fs/promises"].flatMap((name) => [name, `node:${name}`]);
const restricted = (paths, message) => paths.map((name) => ({ name, message }));
const onlyHost = restricted(osModules, "only src/host may touch the operating system");
// R13: what removes recursively does not exist in the driver.
const neverRecursive = ["node:fs", "node:fs/promises"].map((name) => ({
  name,
  importNames: ["rm", "rmSync"],
  message: "the driver removes with rmdir and unlink only",
}));
const onlyKubernetes = restricted(["@kubernetes/client-node"], "the Kubernetes API belongs to src/kubernetes");
const onlyWire = restricted(["@grpc/grpc-js", "@grpc/proto-loader"], "gRPC belongs to src/csi and src/kubelet");

// The object `z` has everything of it, translations included: half a megabyte of the bundle and 9 MiB of memory.
const wholeZod = {
  selector: "ImportDeclaration[source.value='zod'] ImportSpecifier[imported.name='z']",
  message: 'import * as z from "zod"',
};

export default defineConfig(
  globalIgnores(["dist", "node_modules", "src/gen"]),
  {
    files: ["**/*.ts"],
    extends: [ts.configs.strictTypeChecked],
    plugins: { "import-x": importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: { "import-x/resolver-next": [createTypeScriptImportResolver()] },
    rules: {
      "import-x/no-cycle": "error",
      "import-x/no-restricted-paths": ["error", { zones }],
      "import-x/no-default-export": "error",
      "no-console": "error",
      "max-lines": ["error", { max: 300, skipComments: true, skipBlankLines: true }],
      "max-lines-per-function": ["error", { max: 40, skipComments: true, skipBlankLines: true }],
      "no-restricted-imports": ["error", { paths: [...onlyHost, ...onlyWire, ...onlyKubernetes] }],
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: "only src/config reads the environment" },
        { object: "process", property: "exit", message: "only src/main.ts ends the process" },
      ],
      "no-restricted-syntax": ["error", wholeZod],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    files: ["src/host/**"],
    rules: { "no-restricted-imports": ["error", { paths: [...onlyWire, ...onlyKubernetes, ...neverRecursive] }] },
  },
  {
    files: ["src/csi/**", "src/kubelet/**"],
    rules: { "no-restricted-imports": ["error", { paths: [...onlyHost, ...onlyKubernetes] }] },
  },
  {
    files: ["src/kubernetes/**"],
    rules: { "no-restricted-imports": ["error", { paths: [...onlyHost, ...onlyWire] }] },
  },
  {
    files: ["src/config/**", "src/main.ts"],
    rules: { "no-restricted-properties": "off", "no-restricted-imports": "off" },
  },
  {
    // Tests, scripts and the lab drive real programs and print for people.
    files: ["**/*.test.ts", "test/**", "scripts/**"],
    rules: {
      "no-restricted-imports": "off",
      "no-restricted-properties": "off",
      "no-console": "off",
      "import-x/no-default-export": "off",
      "max-lines-per-function": "off",
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            { from: "package", name: ["describe", "it", "test", "suite"], package: "node:test" },
          ],
        },
      ],
    },
  },
);
