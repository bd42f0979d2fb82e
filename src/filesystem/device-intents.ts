/** Format intents on a device: where they may be, what is found there, and how they come and go. */
import type { Bytes } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import { encodeIntent, intentLength, intentOffset, readIntent, type FormatIntent } from "../domain/format-intent.ts";
import type { VolumeId } from "../domain/identity.ts";
import type { Ask } from "../host/converse.ts";
import { expectationOf, swapBlock, type RegionsReading } from "../host/direct-io.ts";
import type { BlockDevice, Evidence, FoundIntent } from "./index.ts";

const zeros = Buffer.alloc(intentLength);

/** Valid intents, and the first byte that is not zero, with that of a block that is no intent of the volume. */
export function judgeIntents(
  volume: VolumeId,
  places: readonly Bytes[],
  { blocks, firstNonZero }: Extract<RegionsReading, { kind: "read" }>,
): Pick<Extract<Evidence, { kind: "read" }>, "firstNonZero" | "intents"> {
  const intents: FoundIntent[] = [];
  const data = firstNonZero === undefined ? [] : [firstNonZero];
  for (const [index, offset] of places.entries()) {
    const block = blocks[index] ?? Buffer.alloc(0);
    const reading = readIntent(block, volume);
    if (reading.kind === "valid") intents.push({ offset, block });
    if (reading.kind === "foreign") data.push(offset + BigInt(reading.at));
  }
  const first = data.toSorted((a, b) => (a < b ? -1 : 1))[0];
  return { intents, ...(first !== undefined && { firstNonZero: first }) };
}

export async function putIntent(
  ask: Ask,
  device: BlockDevice,
  intent: FormatIntent,
  signal: AbortSignal,
): Promise<FoundIntent> {
  const offset = intentOffset(device.size);
  const block = encodeIntent(intent);
  if (await swap(ask, device, { offset, from: zeros, to: block }, signal)) return { offset, block };
  const rule = `the block at ${offset} must be zero still`;
  throw failure("unavailable", { cannot: `write the format intent of ${device.path}`, rule });
}

/** What has taken the intent's place by now is not its own: it stays. */
export async function eraseIntent(
  ask: Ask,
  device: BlockDevice,
  { offset, block }: FoundIntent,
  signal: AbortSignal,
): Promise<void> {
  await swap(ask, device, { offset, from: block, to: zeros }, signal);
}

/**
 * Takes away what a mkfs that was cut short may have finished. It misleads the next one: mkfs.btrfs 6.14, which is told the
 * UUID that the superblock bears, takes the device for two and finds it busy (docs/kernel-facts.md).
 */
export async function clearSuperblocks(
  ask: Ask,
  device: BlockDevice,
  blocks: readonly { readonly offset: Bytes; readonly block: Buffer }[],
  signal: AbortSignal,
): Promise<void> {
  for (const { offset, block } of blocks) {
    if (block.equals(zeros) || (await swap(ask, device, { offset, from: block, to: zeros }, signal))) continue;
    const rule = `nobody else may write the block at ${offset}`;
    throw failure("unavailable", { cannot: `make a file system on ${device.path}`, rule });
  }
}

async function swap(
  ask: Ask,
  device: BlockDevice,
  change: { readonly offset: Bytes; readonly from: Buffer; readonly to: Buffer },
  signal: AbortSignal,
): Promise<boolean> {
  return await swapBlock(ask, { path: device.path, expect: expectationOf(device), ...change }, { signal });
}
