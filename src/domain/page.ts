/** Lists in pages, in the order of ids. */

/** What has an id that sorts. */
interface Listed {
  readonly id: string;
}

export interface Page<T extends Listed> {
  readonly items: readonly T[];
  /** Where the next page starts; absent on the last one. */
  readonly next?: T["id"];
}

export interface PageRequest<T extends Listed> {
  /** Entries at most; absent = all. */
  readonly limit?: number;
  /** Only ids greater than this one. */
  readonly after?: T["id"];
}

/** One page of all there is, in whatever order it comes. */
export function pageOf<T extends Listed>(all: readonly T[], { limit, after }: PageRequest<T>): Page<T> {
  const rest = all.filter(({ id }) => after === undefined || id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return items.length < rest.length && last !== undefined ? { items, next: last.id } : { items };
}
