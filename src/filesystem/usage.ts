/** Space and inodes of a mounted file system; statfs is safe even when its device is dead (V32). */
import { spaceOf } from "../host/paths.ts";
import type { SpaceUsage } from "./index.ts";

export async function usageOf(path: string): Promise<readonly SpaceUsage[]> {
  const { blockSize, blocks, freeBlocks, availableBlocks, inodes, freeInodes } = await spaceOf(path);
  return [
    {
      unit: "bytes",
      total: blocks * blockSize,
      available: availableBlocks * blockSize,
      used: (blocks - freeBlocks) * blockSize,
    },
    { unit: "inodes", total: inodes, available: freeInodes, used: inodes - freeInodes },
  ];
}
