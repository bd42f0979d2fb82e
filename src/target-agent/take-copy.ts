/**
 * Copies of volumes and snapshots, and what must not be copied: a volume on which a file system is being made (DESIGN 5.1).
 * The format intent in it names the source, so that the copy could be neither mounted nor formatted, ever.
 */
import { failure } from "../domain/errors.ts";
import type { Bytes } from "../domain/capacity.ts";
import { intentPlaces, readIntent } from "../domain/format-intent.ts";
import { parseVolumeId } from "../domain/identity.ts";
import type { ObjectToMake, StoredObject, VolumeLayer } from "./layers/layer.ts";
import type { BackingIdentity } from "./volume-record.ts";

/** What is copied; sizes that it had while it was blank are places of intents. */
export interface Original extends StoredObject {
  readonly blankSizes: readonly Bytes[];
}

export async function takeCopy(
  layer: VolumeLayer,
  original: Original,
  copy: ObjectToMake,
  signal: AbortSignal,
): Promise<BackingIdentity> {
  const backing = await layer.copy(original, copy);
  try {
    await assertNoIntent(layer, original, { ...copy, backing }, signal);
    return backing;
  } catch (error) {
    await layer.remove(copy.id);
    throw error;
  }
}

/** Looks at the copy, which does not change any more. */
async function assertNoIntent(layer: VolumeLayer, original: Original, copy: StoredObject, signal: AbortSignal) {
  const volume = parseVolumeId(original.id);
  // Of a volume with an intent there is no snapshot.
  if (volume === undefined) return;
  const blocks = await layer.blocks(copy, intentPlaces(original.size, original.blankSizes), signal);
  if (!blocks.some((block) => readIntent(block, volume).kind === "valid")) return;
  const rule = "a file system is being made on it; stage it once more, or wait until its stage has ended";
  throw failure("precondition", { cannot: `copy volume ${volume}`, rule });
}
