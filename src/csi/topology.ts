/** Topology on the wire. Segments are the orchestrator's: any may come, and those that no pool has match none. */
import * as z from "zod";
import type { Segments, TopologyRequirement } from "../domain/topology.ts";
import { stringMap } from "./decode.ts";

const topology = z.object({ segments: stringMap }).transform(({ segments }): Segments => segments);

/** Where a volume is to be reachable from; undefined where nothing is asked for. */
export const topologyRequirement = z
  .object({ requisite: z.array(topology), preferred: z.array(topology) })
  .nullish()
  .transform((wire): TopologyRequirement | undefined => wire ?? undefined);

/** One place; undefined where none is named. */
export const optionalTopology = topology.nullish().transform((segments) => segments ?? undefined);

export function encodeTopology(
  segments: Segments | undefined,
): { readonly segments: Record<string, string> } | undefined {
  return segments === undefined ? undefined : { segments: { ...segments } };
}
