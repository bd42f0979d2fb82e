/** Names of mount points and the space behind them. Neither call enters the mounted file system (V32). */
import { realpath, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode } from "./files.ts";

/**
 * The name that the kernel uses for a mount point: its directory without symbolic links. Only the directory is looked
 * up, so a dead mount at the path itself does no harm. A path without a directory stays as it is.
 */
export async function mountPointName(path: string): Promise<string> {
  try {
    return join(await realpath(dirname(path)), basename(path));
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return path;
    throw error;
  }
}

/** Blocks and inodes of the file system mounted at a path. */
export interface Space {
  readonly blockSize: bigint;
  readonly blocks: bigint;
  readonly freeBlocks: bigint;
  /** Free for users without privileges. */
  readonly availableBlocks: bigint;
  readonly inodes: bigint;
  readonly freeInodes: bigint;
}

export async function spaceOf(path: string): Promise<Space> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path, { bigint: true });
  return {
    blockSize: bsize,
    blocks,
    freeBlocks: bfree,
    availableBlocks: bavail,
    inodes: files,
    freeInodes: ffree,
  };
}
