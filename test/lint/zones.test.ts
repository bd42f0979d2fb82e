/**
 * The lint rules of the layers really refuse what they say: violations are planted as texts under paths of src/, never
 * as files.
 */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { before, describe, it } from "node:test";
import { ESLint } from "eslint";
import { layers } from "../../scripts/layers.ts";

const root = path.join(import.meta.dirname, "../..");

/** Files that exist, so that the typed rules know them; their text is replaced. */
const fileOf: Readonly<Record<string, string>> = {
  domain: "src/domain/errors.ts",
  lib: "src/lib/abort.ts",
  host: "src/host/clock.ts",
  config: "src/config/config.ts",
  observability: "src/observability/logger.ts",
  nvme: "src/nvme/index.ts",
  filesystem: "src/filesystem/index.ts",
  "node-journal": "src/node-journal/file-journal.ts",
  backends: "src/backends/memory/memory-backend.ts",
  "target-agent": "src/target-agent/pool.ts",
  services: "src/services/staging.ts",
  kubelet: "src/kubelet/health.ts",
  kubernetes: "src/kubernetes/index.ts",
  csi: "src/csi/status.ts",
  app: "src/app/backend.ts",
};

/** One module of each folder to import, by its path below src/. */
const moduleOf: Readonly<Record<string, string>> = {
  domain: "domain/errors.ts",
  lib: "lib/abort.ts",
  gen: "gen/csi-fields.ts",
  host: "host/exec.ts",
  config: "config/config.ts",
  observability: "observability/logger.ts",
  nvme: "nvme/kernel-initiator.ts",
  filesystem: "filesystem/kernel-filesystem.ts",
  "node-journal": "node-journal/node-identity.ts",
  backends: "backends/nvmet/nvmet-backend.ts",
  "target-agent": "target-agent/target-agent.ts",
  services: "services/publishing.ts",
  kubelet: "kubelet/registration.ts",
  kubernetes: "kubernetes/kube-cluster.ts",
  csi: "csi/server.ts",
  app: "app/run.ts",
};

const ruleOf = {
  zone: "import-x/no-restricted-paths",
  module: "no-restricted-imports",
  own: "no-restricted-properties",
};

describe("the import zones", () => {
  let eslint: ESLint;
  before(() => {
    // Only the rules under test: the typed ones have nothing to say about a planted line, and take their time.
    eslint = new ESLint({ cwd: root, ruleFilter: ({ ruleId }) => Object.values(ruleOf).includes(ruleId) });
  });

  /** For each planted line, the rules that refuse it in place of a file's text. */
  async function refusals(file: string, lines: readonly string[]): Promise<readonly (readonly string[])[]> {
    const [result] = await eslint.lintText(`${lines.join("\n")}\n`, { filePath: path.join(root, file) });
    assert.ok(result, `${file} is linted`);
    assert.equal(result.fatalErrorCount, 0, JSON.stringify(result.messages));
    return lines.map((_, index) => [
      ...new Set(result.messages.filter(({ line }) => line === index + 1).map(({ ruleId }) => ruleId ?? "")),
    ]);
  }

  const importOf = (specifier: string, index: number) => `export * as planted${index} from "${specifier}";`;

  /** The rules that refuse the import of each module of src/. */
  async function importing(file: string, modules: readonly string[]) {
    const specifiers = modules.map((module) => path.relative(path.dirname(file), path.join("src", module)));
    const relative = specifiers.map((text) => (text.startsWith(".") ? text : `./${text}`));
    const found = await refusals(file, relative.map(importOf));
    return Object.fromEntries(modules.map((module, index) => [module, found[index]]));
  }

  it("have a row for every folder of src/, and a case for every row", async () => {
    const found = await readdir(path.join(root, "src"), { withFileTypes: true });
    const folders = found.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    assert.deepEqual(Object.keys(layers).toSorted(), folders.toSorted());
    assert.deepEqual([...Object.keys(fileOf), "gen"].toSorted(), folders.toSorted());
    assert.deepEqual(Object.keys(moduleOf).toSorted(), folders.toSorted());
  });

  for (const [folder, file] of Object.entries(fileOf)) {
    it(`hold for ${folder}: what its row lists is legal, everything else is not`, async () => {
      const others = Object.entries(moduleOf).filter(([, module]) => `src/${module}` !== file);
      const isLegal = (other: string) => other === folder || layers[folder]?.includes(other) === true;
      const expected = others.map(([other, module]) => [module, isLegal(other) ? [] : [ruleOf.zone]] as const);
      const found = await importing(
        file,
        others.map(([, module]) => module),
      );
      assert.deepEqual(found, Object.fromEntries(expected));
    });
  }

  it("have doors: services see the contract of a back end, never a concrete one", async () => {
    const doors = ["backends/backend.ts", "nvme/index.ts", "filesystem/index.ts", "node-journal/index.ts"];
    const walls = ["backends/memory/memory-backend.ts", "nvme/sysfs.ts", "node-journal/file-journal.ts"];
    assert.deepEqual(await importing("src/services/staging.ts", [...doors, ...walls]), {
      ...Object.fromEntries(doors.map((door) => [door, []])),
      ...Object.fromEntries(walls.map((wall) => [wall, [ruleOf.zone]])),
    });
  });

  it("hold for types too", async () => {
    const line = 'export type { Staging } from "../services/staging.ts";';
    assert.deepEqual(await refusals("src/nvme/sysfs.ts", [line]), [[ruleOf.zone]]);
  });

  it("keep programs and files in src/host", async () => {
    const modules = ["node:child_process", "child_process", "node:fs", "node:fs/promises", "fs", "fs/promises"];
    const lines = modules.map((name, index) => {
      const call = name.endsWith("child_process") ? "spawn" : "open";
      return `export { ${call} as planted${index} } from "${name}";`;
    });
    for (const file of ["src/services/staging.ts", "src/csi/status.ts", "src/target-agent/pool.ts", "src/app/run.ts"]) {
      const expected = modules.map(() => [ruleOf.module]);
      assert.deepEqual(await refusals(file, lines), expected, file);
    }
    assert.deepEqual((await refusals("src/host/clock.ts", lines)).flat(), []);
  });

  it("keep what removes recursively out of the whole driver (R13)", async () => {
    const lines = ['export { rm } from "node:fs/promises";', 'export { rmSync } from "node:fs";'];
    for (const file of ["src/host/files.ts", "src/services/staging.ts"]) {
      assert.deepEqual(await refusals(file, lines), [[ruleOf.module], [ruleOf.module]], file);
    }
  });

  it("keep the Kubernetes API in src/kubernetes", async () => {
    const lines = ["@kubernetes/client-node"].map(importOf);
    for (const file of ["src/services/staging.ts", "src/app/run.ts", "src/kubelet/health.ts"]) {
      assert.deepEqual(await refusals(file, lines), [[ruleOf.module]], file);
    }
    assert.deepEqual(await refusals("src/kubernetes/kube-cluster.ts", lines), [[]]);
  });

  it("keep gRPC in src/csi and src/kubelet", async () => {
    const lines = ["@grpc/grpc-js", "@grpc/proto-loader"].map(importOf);
    for (const file of ["src/services/staging.ts", "src/app/run.ts", "src/host/clock.ts", "src/nvme/sysfs.ts"]) {
      assert.deepEqual(await refusals(file, lines), [[ruleOf.module], [ruleOf.module]], file);
    }
    assert.deepEqual(await refusals("src/csi/status.ts", lines), [[], []]);
  });

  it("keep the environment in src/config, and the end of the process in src/main.ts", async () => {
    const lines = ["export const seen = process.env;", "export const end = (): never => process.exit(1);"];
    for (const file of ["src/services/staging.ts", "src/host/exec.ts", "src/app/run.ts", "src/csi/status.ts"]) {
      assert.deepEqual(await refusals(file, lines), [[ruleOf.own], [ruleOf.own]], file);
    }
    assert.deepEqual((await refusals("src/config/config.ts", lines))[0], []);
    assert.deepEqual((await refusals("src/main.ts", lines))[1], []);
  });
});
