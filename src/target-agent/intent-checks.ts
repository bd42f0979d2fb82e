/**
 * What must wait while a file system is being made on a volume (DESIGN 5.1): its copies, because the format intent in them
 * names the source, so that they could be neither mounted nor formatted, ever; and its growth, because a node that comes
 * back with an older context looks for the intent at the ends that it knows.
 */
import { failure } from "../domain/errors.ts";
import type { Bytes } from "../domain/capacity.ts";
import { intentPlaces, readIntent } from "../domain/format-intent.ts";
import { parseVolumeId, type VolumeId } from "../domain/identity.ts";
import type { StoredObject, VolumeLayer } from "./layers/layer.ts";

/** What is copied. */
export interface Original extends StoredObject {
  /** Of a volume: sizes that it had while it was blank, at which a mkfs may have begun. */
  readonly blankSizes?: readonly Bytes[];
  readonly family?: string;
}

/** How long a look at a copy may take, whatever the request that it was made for does. */
export const lookMs = 60_000;

/** Looks at the copy, which does not change any more. */
export async function assertNoIntent(
  layer: VolumeLayer,
  { id, size, blankSizes = [] }: Original,
  copy: StoredObject,
  signal: AbortSignal,
): Promise<void> {
  const volume = parseVolumeId(id);
  // Of a volume with an intent there is no snapshot.
  if (volume === undefined) return;
  if (!(await holdsIntent(layer, copy, { volume, places: intentPlaces(size, blankSizes) }, signal))) return;
  const rule = "a file system is being made on it; stage it once more, or wait until its stage has ended";
  throw failure("precondition", { cannot: `copy volume ${volume}`, rule });
}

async function holdsIntent(
  layer: VolumeLayer,
  object: StoredObject,
  { volume, places }: { readonly volume: VolumeId; readonly places: readonly Bytes[] },
  signal: AbortSignal,
): Promise<boolean> {
  const blocks = await layer.blocks(object, places, signal);
  return blocks.some((block) => readIntent(block, volume).kind === "valid");
}

/** For a volume that hosts may write to. */
export async function assertNoMkfs(
  layer: VolumeLayer,
  record: StoredObject & { readonly id: VolumeId; readonly blankSizes: readonly Bytes[] },
  signal: AbortSignal,
): Promise<void> {
  const places = intentPlaces(record.size, record.blankSizes);
  if (!(await holdsIntent(layer, record, { volume: record.id, places }, signal))) return;
  const rule = "a file system is being made on it";
  throw failure("unavailable", { cannot: "grow the volume", rule, got: record.id });
}
