import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, readdir, realpath, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { KernelTargetPaths } from "./target-paths.ts";

const paths = new KernelTargetPaths();

async function open(t: TestContext): Promise<string> {
  const directory = await mkdtempDisposable(path.join(await realpath(tmpdir()), "nvmetcp-csi-paths-"));
  t.after(async () => directory.remove());
  return directory.path;
}

const everyCall = {
  assertDirectory: async (at: string) => paths.assertDirectory(at),
  ensureTarget: async (at: string) => paths.ensureTarget(at, "directory"),
  removeTarget: async (at: string) => paths.removeTarget(at),
};

describe("the paths of a request", () => {
  it("become an empty directory or file, with the directory above, and go again", async (t) => {
    const root = await open(t);
    for (const kind of ["directory", "file"] as const) {
      const target = path.join(root, kind, "target");
      for (const _time of ["once", "again"]) await paths.ensureTarget(target, kind);
      const made = await stat(target);
      assert.equal(kind === "file" ? made.isFile() : made.isDirectory(), true);
      for (const _time of ["once", "again"]) await paths.removeTarget(target);
      assert.deepEqual(await readdir(path.join(root, kind)), []);
    }
  });

  for (const [name, call] of Object.entries(everyCall)) {
    it(`are refused by ${name} as invalid when the system takes no such name`, async (t) => {
      const root = await open(t);
      const long = path.join(root, "x".repeat(300), "target");
      await assert.rejects(call(long), { kind: "invalid_argument", message: /longer than 255 bytes/ });
      const deep = path.join(root, ..."y".repeat(4096).split(""));
      await assert.rejects(call(deep), { kind: "invalid_argument", message: /nor the path longer/ });
    });
  }

  it("are refused when they go in circles", async (t) => {
    const root = await open(t);
    await symlink("circle", path.join(root, "circle"));
    const inside = path.join(root, "circle", "target");
    await assert.rejects(paths.ensureTarget(inside, "directory"), { kind: "precondition", message: /symbolic link/ });
    await assert.rejects(paths.assertDirectory(path.join(root, "circle")), { kind: "precondition" });
  });

  it("are refused when they lead through a symbolic link", async (t) => {
    const root = await open(t);
    await mkdir(path.join(root, "real"));
    await symlink("real", path.join(root, "link"));
    await assert.rejects(paths.ensureTarget(path.join(root, "link", "target"), "directory"), {
      kind: "precondition",
      message: /symbolic link; got/,
    });
    assert.deepEqual(await readdir(path.join(root, "real")), []);
  });

  it("are refused when the directory above their own is missing", async (t) => {
    const root = await open(t);
    const target = path.join(root, "missing", "pod", "target");
    await assert.rejects(paths.ensureTarget(target, "directory"), { kind: "precondition", message: /must exist/ });
    assert.deepEqual(await readdir(root), []);
  });

  it("stay when there is something in them, and keep it", async (t) => {
    const root = await open(t);
    const [directory, file, link] = ["directory", "file", "link"].map((name) => path.join(root, name));
    assert.ok(directory !== undefined && file !== undefined && link !== undefined);
    await mkdir(directory);
    await writeFile(path.join(directory, "data"), "data");
    await writeFile(file, "data");
    await symlink("file", link);
    for (const kept of [directory, file, link]) {
      await assert.rejects(paths.removeTarget(kept), { kind: "precondition", message: /must be/ }, kept);
    }
    assert.deepEqual(await readdir(root), ["directory", "file", "link"]);
    assert.equal((await stat(file)).size, 4);
  });
});
