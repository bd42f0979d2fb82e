/**
 * Sparse files: volumes and snapshots of the file layer. Each call leaves what it promises durable, together with its
 * directory entry, or nothing new at all.
 */
import { constants } from "node:fs";
import { copyFile, open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { Bytes } from "../domain/capacity.ts";
import { failure, type DomainError } from "../domain/errors.ts";
import { errorCode, removeFile, statOf, syncDirectory } from "./files.ts";
import { spaceOf } from "./paths.ts";

/** Makes a file of `size` bytes without allocating any. */
export async function createSparseFile(path: string, size: Bytes): Promise<void> {
  try {
    const file = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
    await finish(path, file, size);
  } catch (cause) {
    throw unmade(`create ${path}`, cause);
  }
}

/** Makes a file that shares all of another one's blocks, as they are at one instant; it may be larger. */
export async function cloneFile({
  from,
  to,
  size,
}: {
  readonly from: string;
  readonly to: string;
  readonly size: Bytes;
}): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    await finish(to, await openMade(to), size);
  } catch (cause) {
    throw unmade(`copy ${from} to ${to}`, cause);
  }
}

/** Opens a file that was made just now; one that cannot be opened is removed. */
async function openMade(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_WRONLY);
  } catch (error) {
    await removeFile(path);
    throw error;
  }
}

/** Closes the file; one that does not get its size and its place is removed. */
async function finish(path: string, file: FileHandle, size: Bytes): Promise<void> {
  try {
    await file.chmod(0o600);
    await file.truncate(Number(size));
    await file.sync();
    await syncDirectory(dirname(path));
  } catch (error) {
    await removeFile(path);
    throw error;
  } finally {
    await file.close();
  }
}

/** Makes a file larger without allocating anything. */
export async function enlargeFile(path: string, size: Bytes): Promise<void> {
  const cannot = `enlarge ${path}`;
  try {
    const file = await open(path, constants.O_WRONLY);
    try {
      const { size: present } = await file.stat({ bigint: true });
      if (size < present) throw failure("precondition", { cannot, rule: `it has ${present} bytes already`, got: size });
      await file.truncate(Number(size));
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unmade(cannot, cause);
  }
}

/** The size that a file has after a loss of power too; undefined when it is not there. */
export async function syncedSize(path: string): Promise<Bytes | undefined> {
  if ((await statOf(path)) === undefined) return undefined;
  const file = await open(path, constants.O_RDONLY);
  try {
    await file.sync();
    return (await file.stat({ bigint: true })).size;
  } finally {
    await file.close();
  }
}

/** Bytes that unprivileged data can still take on the file system of a path. */
export async function freeSpace(path: string): Promise<Bytes> {
  const { availableBlocks, blockSize } = await spaceOf(path);
  return availableBlocks * blockSize;
}

/** Of the file system of a path. */
export async function usedPercent(path: string): Promise<number> {
  const { blocks, availableBlocks } = await spaceOf(path);
  return blocks === 0n ? 0 : Number(((blocks - availableBlocks) * 100n) / blocks);
}

const full = ["ENOSPC", "EDQUOT", "EFBIG"];

function unmade(cannot: string, cause: unknown): unknown {
  const code = errorCode(cause);
  if (code === undefined) return cause;
  const isFull = full.includes(code);
  const rule = isFull ? "the pool has no room" : "the file could not be written";
  return failure(isFull ? "no_capacity" : "unavailable", { cannot, rule, got: code, cause }) satisfies DomainError;
}
