/**
 * The format intent block (DESIGN 5.1, V37 to V39, V44): 4 KiB on the device itself that say "a file system is being made
 * here, and nobody has used it". It is written before mkfs and erased after mkfs was verified, before the first mount, so
 * any node that finds it may make the file system again.
 *
 * K1  It names its volume: copied to another volume's device it is foreign data.
 * K2  It is valid as a whole or not at all: magic, length, checksum, and zeros behind.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import type { Bytes } from "./capacity.ts";
import type { VolumeId } from "./identity.ts";

export interface FormatIntent {
  readonly volume: VolumeId;
  /** Type of the file system that is being made. */
  readonly type: string;
  /** Name of the node that makes it. */
  readonly node: string;
  /** ISO 8601. */
  readonly time: string;
}

export const intentLength = 4096;

/** What reads at the intent's place on a device of a volume. */
export type IntentReading =
  | { readonly kind: "absent" }
  | { readonly kind: "valid"; readonly intent: FormatIntent }
  /** `at`: the first byte of the block that is not zero. */
  | { readonly kind: "foreign"; readonly at: number };

const distanceFromEnd = 3n * 1024n * 1024n;
const magic = Buffer.from("nvmetcp format intent 1\n");
const checksumLength = 32;
const lengthAt = magic.length;
const checksumAt = lengthAt + 4;
const textAt = checksumAt + checksumLength;
const zeros = Buffer.alloc(intentLength);

/** V39: a complete mkfs of ext4, xfs and btrfs leaves this place alone. */
export function intentOffset(size: Bytes): Bytes {
  return size - distanceFromEnd;
}

/** Where an intent may be: a mkfs that was cut short may have run when the device was smaller. */
export function intentPlaces(size: Bytes, blankSizes: readonly Bytes[]): readonly Bytes[] {
  const offsets = [size, ...blankSizes].map(intentOffset);
  return [...new Set(offsets)].filter((offset) => offset >= 0n && offset + BigInt(intentLength) <= size);
}

const stored = z.object({ volume: z.string(), type: z.string(), node: z.string(), time: z.string() });

/** The block, `intentLength` bytes. */
export function encodeIntent({ volume, type, node, time }: FormatIntent): Buffer {
  const text = Buffer.from(JSON.stringify({ volume, type, node, time }));
  const block = Buffer.alloc(intentLength);
  if (textAt + text.length > intentLength) throw new Error(`BUG: a format intent of ${text.length} bytes`);
  magic.copy(block);
  block.writeUInt32LE(text.length, lengthAt);
  checksumOf(text).copy(block, checksumAt);
  text.copy(block, textAt);
  return block;
}

/** What a block of `intentLength` bytes means for a volume (K1, K2). */
export function readIntent(block: Buffer, volume: VolumeId): IntentReading {
  // Quicker than a look at each byte.
  if (block.equals(zeros)) return { kind: "absent" };
  const at = block.findIndex((byte) => byte !== 0);
  const intent = decode(block);
  if (intent?.volume !== volume) return { kind: "foreign", at };
  return { kind: "valid", intent: { ...intent, volume } };
}

function decode(block: Buffer): z.infer<typeof stored> | undefined {
  if (!block.subarray(0, magic.length).equals(magic)) return undefined;
  const end = textAt + block.readUInt32LE(lengthAt);
  if (end > intentLength || block.subarray(end).some((byte) => byte !== 0)) return undefined;
  const text = block.subarray(textAt, end);
  if (!checksumOf(text).equals(block.subarray(checksumAt, textAt))) return undefined;
  const parsed = stored.safeParse(JSON.parse(text.toString()));
  return parsed.success ? parsed.data : undefined;
}

function checksumOf(text: Buffer): Buffer {
  return createHash("sha256").update(text).digest();
}
