/**
 * The directories and files that mounts are made on.
 *
 * R13  Only mkdir, rmdir, open and unlink of the last path component: nothing recursive, ever (F39).
 */
import { dirname } from "node:path";
import { failure } from "../domain/errors.ts";
import {
  ensureDirectory,
  ensureFile,
  errorCode,
  lstatOf,
  realPathOf,
  removeDirectory,
  removeFile,
} from "../host/files.ts";
import type { TargetPaths } from "./index.ts";

export class KernelTargetPaths implements TargetPaths {
  async assertDirectory(path: string): Promise<void> {
    const cannot = `use ${path}`;
    if ((await lstatOf(path))?.isDirectory() !== true) {
      throw failure("precondition", { cannot, rule: "it must be an existing directory" });
    }
    await assertNoLinks(path);
  }

  async ensureTarget(path: string, kind: "directory" | "file"): Promise<void> {
    await ensureDirectory(dirname(path), 0o750);
    await assertNoLinks(dirname(path));
    const found = await lstatOf(path);
    if (found === undefined) await (kind === "directory" ? ensureDirectory(path, 0o750) : ensureFile(path));
    else if (kind === "directory" ? !found.isDirectory() : !found.isFile()) {
      throw failure("precondition", { cannot: `mount on ${path}`, rule: `it must be a ${kind} or absent` });
    }
  }

  async removeTarget(path: string): Promise<void> {
    const found = await lstatOf(path);
    if (found === undefined) return;
    try {
      await (found.isDirectory() ? removeDirectory(path) : removeFile(path));
    } catch (cause) {
      const code = errorCode(cause);
      if (code === "EBUSY") {
        throw failure("in_use", { cannot: `remove ${path}`, rule: "it must not be a mount point", cause });
      }
      // What is in the directory is not ours; it stays, and so does the directory.
      if (code === "ENOTEMPTY" || code === "EEXIST") {
        throw failure("precondition", { cannot: `remove ${path}`, rule: "it must be empty", cause });
      }
      throw cause;
    }
  }
}

/** A path that resolves to itself has no symbolic link in it (F66). */
async function assertNoLinks(path: string): Promise<void> {
  const real = await realPathOf(path);
  if (real === path) return;
  throw failure("precondition", { cannot: `use ${path}`, rule: "it must not lead through a symbolic link", got: real });
}
