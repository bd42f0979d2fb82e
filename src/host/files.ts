/**
 * Files and directories, in the words the driver needs: absence is a value, never an exception; nothing is removed
 * recursively, ever (R13).
 *
 * F1  `writeDurable` leaves either the old or the new content after a crash: temporary file, fsync, rename, fsync of
 *     the directory.
 * F2  Every "remove" and "ensure" treats "already so" as done.
 */
import { constants, type BigIntStats } from "node:fs";
import {
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rmdir,
  stat,
  symlink,
  unlink,
} from "node:fs/promises";
import { dirname } from "node:path";
import { failure } from "../domain/errors.ts";

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The result of `work`, or undefined when it fails with one of the given errno names. */
async function unless<T>(codes: readonly string[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const code = errorCode(error);
    if (code !== undefined && codes.includes(code)) return undefined;
    throw error;
  }
}

const absent = ["ENOENT", "ENOTDIR"];

/**
 * Content of a small text file without white space at its ends; undefined when there is none. A file of sysfs or proc whose
 * device or process went away between open and read (ENODEV, ENXIO, ESRCH) is none.
 */
export async function readText(path: string): Promise<string | undefined> {
  return (await unless([...absent, "ENODEV", "ENXIO", "ESRCH"], readFile(path, "utf8")))?.trim();
}

/** Names in a directory, sorted; empty when there is none. */
export async function listNames(path: string): Promise<readonly string[]> {
  return ((await unless(absent, readdir(path))) ?? []).sort();
}

/** Writes a kernel attribute (sysfs, configfs) with one write; the file must exist. */
export async function writeAttribute(path: string, text: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY);
  try {
    await file.write(text);
  } finally {
    await file.close();
  }
}

/** F1. */
export async function writeDurable(path: string, text: string, mode = 0o600): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, "w", mode);
  try {
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Makes one directory; true when it was not there before. */
export async function ensureDirectory(path: string, mode = 0o755): Promise<boolean> {
  return (
    (await unless(
      ["EEXIST"],
      mkdir(path, { mode }).then(() => true),
    )) ?? false
  );
}

/**
 * Makes a directory of the driver's own and those above it, readable by the owner only. One by one: `mkdir` with
 * `recursive` of Node 24 never returns below /proc, where nothing can be made.
 */
export async function ensureDirectories(path: string): Promise<void> {
  if ((await statOf(path))?.isDirectory() === true) return;
  await ensureDirectories(dirname(path));
  try {
    await ensureDirectory(path, 0o700);
  } catch (cause) {
    throw failure("unavailable", {
      cannot: `make the directory ${path}`,
      rule: errorCode(cause) ?? "it failed",
      cause,
    });
  }
}

export async function ensureSymlink(target: string, path: string): Promise<void> {
  await unless(["EEXIST"], symlink(target, path));
}

export async function removeDirectory(path: string): Promise<void> {
  await unless(["ENOENT"], rmdir(path));
}

export async function removeFile(path: string): Promise<void> {
  await unless(["ENOENT"], unlink(path));
}

/** `stat` with 64-bit numbers and nanoseconds; undefined when the path does not exist. */
export async function statOf(path: string): Promise<BigIntStats | undefined> {
  return await unless(absent, stat(path, { bigint: true }));
}

/** Like `statOf` for a symbolic link itself. */
export async function lstatOf(path: string): Promise<BigIntStats | undefined> {
  return await unless(absent, lstat(path, { bigint: true }));
}

export async function linkTargetOf(path: string): Promise<string | undefined> {
  return await unless([...absent, "EINVAL"], readlink(path));
}

/** The path with all symbolic links resolved; undefined when it does not exist. */
export async function realPathOf(path: string): Promise<string | undefined> {
  return await unless(absent, realpath(path));
}

/** Creates an empty file that must not exist yet. */
export async function ensureFile(path: string, mode = 0o600): Promise<void> {
  const file = await unless(["EEXIST"], open(path, "wx", mode));
  await file?.close();
}

/** An open directory: what is done under `at` is done in this very directory, whatever takes its name meanwhile. */
export interface HeldDirectory extends AsyncDisposable {
  /** Its name without symbolic links. */
  readonly real: string;
  /** A name that leads into it, for child processes too. */
  readonly at: string;
}

export async function holdDirectory(path: string): Promise<HeldDirectory> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  const at = `/proc/${process.pid}/fd/${directory.fd}`;
  return { real: await readlink(at), at, [Symbol.asyncDispose]: async () => directory.close() };
}
