/**
 * Where things are: segments such as `{"topology.kubernetes.io/zone": "a"}`. A pool that has some can be reached from the
 * nodes that have them too; one that has none, from everywhere.
 */
import * as z from "zod";

export type Segments = Readonly<Record<string, string>>;

/** Where a volume is to be reachable from, as an orchestrator asks for it. */
export interface TopologyRequirement {
  /** It must be from at least one of them; from anywhere if there is none. */
  readonly requisite: readonly Segments[];
  /** The earlier, the better. */
  readonly preferred: readonly Segments[];
}

/** Whether what is at a place can be reached from another one: every segment of the place is there too. */
export function isReachable(place: Segments, from: Segments): boolean {
  return Object.entries(place).every(([key, value]) => from[key] === value);
}

/** Whether what is at a place satisfies a requirement. */
export function satisfiesTopology(place: Segments, { requisite, preferred }: TopologyRequirement): boolean {
  const wanted = requisite.length > 0 ? requisite : preferred;
  return wanted.length === 0 || wanted.some((from) => isReachable(place, from));
}

/** The smaller, the better; as large as the list where it is in none of them. */
export function preferenceOf(place: Segments, { preferred }: TopologyRequirement): number {
  const found = preferred.findIndex((from) => isReachable(place, from));
  return found === -1 ? preferred.length : found;
}

const name = "[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?";
export const segmentKeyPattern = new RegExp(`^(?:[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?/)?${name}$`);
export const segmentValuePattern = new RegExp(`^${name}$`);
export const segmentsRule = "must name segments as Kubernetes labels are written: [prefix/]name, and a value";

const isSegment = ([key, value]: readonly [string, string]) =>
  segmentKeyPattern.test(key) && segmentValuePattern.test(value);

/** As CSI and Kubernetes write keys and values. */
export const segments = z
  .record(z.string(), z.string(), segmentsRule)
  .refine((all) => Object.entries(all).every(isSegment), segmentsRule)
  .transform((all): Segments => all);

/** Reads `key=value,key=value`; undefined when it is malformed. */
export function parseSegments(text: string): Segments | undefined {
  const pairs = text.split(",").map((pair) => pair.split("="));
  if (pairs.some((pair) => pair.length !== 2)) return undefined;
  const keys = new Set(pairs.map(([name]) => name));
  const parsed = segments.safeParse(Object.fromEntries(pairs));
  return parsed.success && keys.size === pairs.length ? parsed.data : undefined;
}
