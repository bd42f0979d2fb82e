/**
 * How large a file system says it is, from its superblock. Layouts: Documentation/filesystems/ext4/super.rst,
 * fs/xfs/libxfs/xfs_format.h and include/uapi/linux/btrfs_tree.h of Linux 6.12.
 */
import type { Bytes } from "./capacity.ts";
import type { FilesystemType } from "./model.ts";

interface Layout {
  /** Of the block of 4 KiB that has the superblock, on the device. */
  readonly offset: Bytes;
  /** Undefined when the magic number is not there. */
  readonly size: (block: Buffer) => Bytes | undefined;
}

const ext4Start = 1024;
const ext4Has64Bit = 0x80;

function ext4Size(block: Buffer): Bytes | undefined {
  const superblock = block.subarray(ext4Start);
  if (superblock.readUInt16LE(0x38) !== 0xef53) return undefined;
  const isLarge = (superblock.readUInt32LE(0x60) & ext4Has64Bit) !== 0;
  const high = isLarge ? BigInt(superblock.readUInt32LE(0x150)) : 0n;
  const blocks = (high << 32n) | BigInt(superblock.readUInt32LE(0x04));
  return blocks << BigInt(10 + superblock.readUInt32LE(0x18));
}

function xfsSize(block: Buffer): Bytes | undefined {
  if (block.toString("latin1", 0, 4) !== "XFSB") return undefined;
  return block.readBigUInt64BE(8) * BigInt(block.readUInt32BE(4));
}

function btrfsSize(block: Buffer): Bytes | undefined {
  return block.toString("latin1", 0x40, 0x48) === "_BHRfS_M" ? block.readBigUInt64LE(0x70) : undefined;
}

export const superblocks: Readonly<Record<FilesystemType, Layout>> = {
  ext4: { offset: 0n, size: ext4Size },
  xfs: { offset: 0n, size: xfsSize },
  btrfs: { offset: 64n * 1024n, size: btrfsSize },
};
