/**
 * The directories and files that mounts are made on.
 *
 * R13  Only mkdir, rmdir, open and unlink of the last path component: nothing recursive, ever (F39).
 */
import { basename, dirname, join } from "node:path";
import { failure, type DomainError, type ErrorKind } from "../domain/errors.ts";
import {
  ensureDirectory,
  ensureFile,
  errorCode,
  holdDirectory,
  lstatOf,
  realPathOf,
  removeDirectory,
  removeFile,
} from "../host/files.ts";
import type { TargetPaths } from "./index.ts";

export class KernelTargetPaths implements TargetPaths {
  async assertDirectory(path: string): Promise<void> {
    await asPath(path, async () => {
      const cannot = `use ${path}`;
      if ((await lstatOf(path))?.isDirectory() !== true) {
        throw failure("precondition", { cannot, rule: "it must be an existing directory" });
      }
      await assertNoLinks(path);
    });
  }

  async ensureTarget(path: string, kind: "directory" | "file"): Promise<void> {
    await asPath(path, async () => {
      await inDirectory(dirname(path), async (above) => ensureDirectory(above, 0o750));
      await inDirectory(path, async (at) => {
        const found = await lstatOf(at);
        if (found === undefined) await (kind === "directory" ? ensureDirectory(at, 0o750) : ensureFile(at));
        else if (kind === "directory" ? !found.isDirectory() : !found.isFile()) {
          throw failure("precondition", { cannot: `mount on ${path}`, rule: `it must be a ${kind} or absent` });
        }
      });
    });
  }

  async removeTarget(path: string): Promise<void> {
    await asPath(path, async () => {
      if ((await lstatOf(path)) === undefined) return;
      await inDirectory(path, async (at) => {
        const found = await lstatOf(at);
        if (found === undefined) return;
        if (found.isDirectory()) await removeDirectory(at);
        else if (found.isFile() && found.size === 0n) await removeFile(at);
        else throw failure("precondition", { cannot: `remove ${path}`, rule: "it must be an empty file or directory" });
      });
    });
  }
}

/** F66: works in the directory of a path, which is the one that was looked at even if a link takes its place. */
async function inDirectory(path: string, work: (at: string) => Promise<unknown>): Promise<void> {
  await using directory = await holdDirectory(dirname(path));
  if (directory.real !== dirname(path)) throw linked(path, directory.real);
  await work(join(directory.at, basename(path)));
}

/** What the kernel says of a path of a request, in words about that path. */
const refusals: Readonly<Record<string, readonly [ErrorKind, string]>> = {
  ENAMETOOLONG: ["invalid_argument", "no name in it may be longer than 255 bytes, nor the path longer than 4095"],
  ELOOP: ["precondition", "it must not lead through a symbolic link"],
  ENOENT: ["precondition", "the directory above its own must exist"],
  ENOTDIR: ["precondition", "it must lead through directories only"],
  EBUSY: ["in_use", "it must not be a mount point"],
  // What is in the directory is not ours; it stays, and so does the directory.
  ENOTEMPTY: ["precondition", "it must be empty"],
  EEXIST: ["precondition", "it must be empty"],
};

async function asPath<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const [kind, rule] = refusals[errorCode(cause) ?? ""] ?? [];
    if (kind === undefined || rule === undefined) throw cause;
    throw failure(kind, { cannot: `use ${path}`, rule, cause });
  }
}

/** A path that resolves to itself has no symbolic link in it (F66). */
async function assertNoLinks(path: string): Promise<void> {
  const real = await realPathOf(path);
  if (real !== path) throw linked(path, real);
}

function linked(path: string, real: string | undefined): DomainError {
  return failure("precondition", {
    cannot: `use ${path}`,
    rule: "it must not lead through a symbolic link",
    got: real,
  });
}
