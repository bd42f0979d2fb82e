/** Lists in pages, in the order of volume ids. */
import type { VolumeId } from "./identity.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page starts; absent on the last one. */
  readonly next?: VolumeId;
}

export interface PageRequest {
  /** Entries at most; absent = all. */
  readonly limit?: number;
  /** Only ids greater than this one. */
  readonly after?: VolumeId;
}

/** One page of all there is, in whatever order it comes. */
export function pageOf<T extends { readonly id: VolumeId }>(all: readonly T[], { limit, after }: PageRequest): Page<T> {
  const rest = all.filter(({ id }) => after === undefined || id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return items.length < rest.length && last !== undefined ? { items, next: last.id } : { items };
}
