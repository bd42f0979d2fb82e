/** A block of 4 KiB that says whose it is, where it belongs, and which write it comes from. */
import { crc32 } from "node:zlib";

export const blockSize = 4096;
const idBytes = 64;
const numberAt = idBytes;
const sequenceAt = numberAt + 4;
const checksumAt = blockSize - 4;

export interface LedgerBlock {
  /** Of the volume that it was written to. */
  readonly volume: string;
  /** Its place, counted in blocks. */
  readonly number: number;
  /** From 1 on; each write has the next one. */
  readonly sequence: number;
}

export function encodeBlock({ volume, number, sequence }: LedgerBlock): Buffer {
  const block = Buffer.alloc(blockSize, sequence % 251);
  block.fill(0, 0, idBytes);
  block.write(volume, "latin1");
  block.writeUInt32LE(number, numberAt);
  block.writeUInt32LE(sequence, sequenceAt);
  block.writeUInt32LE(crc32(block.subarray(0, checksumAt)), checksumAt);
  return block;
}

/** `blank` was never written; `torn` is no whole block of a ledger. */
export function decodeBlock(block: Buffer): LedgerBlock | "blank" | "torn" {
  if (block.every((byte) => byte === 0)) return "blank";
  if (crc32(block.subarray(0, checksumAt)) !== block.readUInt32LE(checksumAt)) return "torn";
  const volume = block.toString("latin1", 0, idBytes).replaceAll("\0", "");
  return { volume, number: block.readUInt32LE(numberAt), sequence: block.readUInt32LE(sequenceAt) };
}
