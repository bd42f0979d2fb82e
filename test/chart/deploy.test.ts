/** deploy/ is what the chart makes of its documented values files. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdtempDisposable, readdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ensureHelm } from "./helm.ts";
import { valuesFiles } from "./render.ts";

const root = join(import.meta.dirname, "../..");
await ensureHelm(AbortSignal.timeout(30 * 60 * 1000));

function manifests(cwd: string, ...args: readonly string[]) {
  return spawnSync(process.execPath, [join(cwd, "scripts/manifests.ts"), ...args], { encoding: "utf8" });
}

describe("deploy/", () => {
  it("is up to date", async () => {
    const { status, stderr } = manifests(root, "--check");
    assert.deepEqual([status, stderr], [0, ""]);
    const files = await readdir(join(root, "deploy"));
    assert.deepEqual(
      files.toSorted(),
      (await valuesFiles()).map((name) => `${name}.yaml`),
    );
  });

  it("fails the check when a file was edited, is missing or is not generated, and is put right by a run", async () => {
    await using copy = await mkdtempDisposable(join(tmpdir(), "nvmetcp-deploy-"));
    for (const name of ["charts", "scripts", "test/chart", "test/lab", "package.json"]) {
      await cp(join(root, name), join(copy.path, name), { recursive: true });
    }
    await symlink(join(root, "node_modules"), join(copy.path, "node_modules"));
    assert.equal(manifests(copy.path).status, 0);
    await writeFile(join(copy.path, "deploy/one-node.yaml"), "edited", { flag: "a" });
    await writeFile(join(copy.path, "deploy/extra.yaml"), "not generated");
    const { status, stderr } = manifests(copy.path, "--check");
    assert.equal(status, 1);
    assert.deepEqual(
      [...stderr.matchAll(/deploy\/(\S+)/g)].map(([, name]) => name),
      ["extra.yaml", "one-node.yaml"],
    );
    assert.equal(manifests(copy.path).status, 0);
    assert.equal(manifests(copy.path, "--check").status, 0);
  });

  it("costs one usage line and status 2 when the command line is wrong", () => {
    const { status, stderr } = manifests(root, "--bogus");
    assert.equal(status, 2);
    assert.match(stderr, /^usage: .*--check.*--bogus.*\n$/);
  });
});
