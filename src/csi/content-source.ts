/** What a volume is a copy of, on the wire. */
import * as z from "zod";
import type { VolumeSource } from "../domain/model.ts";
import type { VolumeContentSource } from "../gen/csi/v1/VolumeContentSource.ts";
import { required } from "./decode.ts";
import { formatSnapshotHandle, formatVolumeHandle, snapshotOf, volumeOf } from "./volume-handle.ts";

/** One of two ids, or null for a volume that is no copy; whether there is such a thing is not looked at. */
export const contentSource = z
  .object({
    snapshot: z.object({ snapshot_id: required }).nullish(),
    volume: z.object({ volume_id: required }).nullish(),
  })
  .refine(({ snapshot, volume }) => Boolean(snapshot) !== Boolean(volume), "must have snapshot or volume set")
  .nullable();

/** The source in a decoded request; an id that this back end never gave out is not found. */
export function sourceOf(backend: string, wire: z.output<typeof contentSource>): VolumeSource | undefined {
  if (wire?.snapshot) return { kind: "snapshot", id: snapshotOf(backend, wire.snapshot.snapshot_id) };
  if (!wire?.volume) return undefined;
  return { kind: "volume", id: volumeOf(backend, wire.volume.volume_id) };
}

export function encodeSource(backend: string, source: VolumeSource): VolumeContentSource {
  return source.kind === "snapshot"
    ? { snapshot: { snapshot_id: formatSnapshotHandle({ backend, snapshot: source.id }) } }
    : { volume: { volume_id: formatVolumeHandle({ backend, volume: source.id }) } };
}
