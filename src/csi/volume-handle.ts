/**
 * The CSI volume_id: `<back end>/<volume id>`, for example `nvmet/v1-0123456789abcdef0123456789abcdef`; at most 128
 * bytes. A text that does not parse is a volume that does not exist, never a path (F65).
 */
import { failure } from "../domain/errors.ts";
import { parseVolumeId, type VolumeId } from "../domain/identity.ts";

export interface VolumeHandle {
  readonly backend: string;
  readonly volume: VolumeId;
}

export function formatVolumeHandle({ backend, volume }: VolumeHandle): string {
  return `${backend}/${volume}`;
}

export function parseVolumeHandle(text: string): VolumeHandle | undefined {
  const [backend = "", id = "", ...rest] = text.split("/");
  const volume = parseVolumeId(id);
  if (volume === undefined || rest.length > 0 || !/^[a-z0-9-]{1,32}$/.test(backend)) return undefined;
  return { backend, volume };
}

/** The volume a text names; undefined when it is no volume of this back end. */
export function parseHandleOf(backend: string, text: string): VolumeHandle | undefined {
  const handle = parseVolumeHandle(text);
  return handle?.backend === backend ? handle : undefined;
}

/** The volume of this back end that a text names, or a not_found error. */
export function volumeOf(backend: string, text: string): VolumeId {
  return knownVolume(parseHandleOf(backend, text), text);
}

/** The volume that a handle names, or a not_found error that quotes the text it came from. */
export function knownVolume(handle: VolumeHandle | undefined, text: string): VolumeId {
  if (handle !== undefined) return handle.volume;
  throw failure("not_found", { cannot: "find the volume", rule: "there is no volume with that volume_id", got: text });
}
