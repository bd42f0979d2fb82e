/** Sparse files: volumes of the file layer. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Bytes } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import { errorCode, removeFile, syncDirectory } from "./files.ts";
import { spaceOf } from "./paths.ts";

/** Makes a file of `size` bytes without allocating any, durable together with its directory entry; or none at all. */
export async function createSparseFile(path: string, size: Bytes): Promise<void> {
  try {
    const file = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
    try {
      await file.truncate(Number(size));
      await file.sync();
      await syncDirectory(dirname(path));
    } catch (error) {
      await removeFile(path);
      throw error;
    } finally {
      await file.close();
    }
  } catch (cause) {
    const full = ["ENOSPC", "EDQUOT", "EFBIG"].includes(errorCode(cause) ?? "");
    const rule = full ? "the pool has no room" : "the file could not be written";
    throw failure(full ? "no_capacity" : "unavailable", { cannot: `create ${path}`, rule, cause });
  }
}

/** Bytes that unprivileged data can still take on the file system of a path. */
export async function freeSpace(path: string): Promise<Bytes> {
  const { availableBlocks, blockSize } = await spaceOf(path);
  return availableBlocks * blockSize;
}
