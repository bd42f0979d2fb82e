/** The record of a volume that is about to be made, whatever it is made of. */
import type { AgentState } from "./agent-state.ts";
import { recordSchema, type VolumeRecord } from "./volume-record.ts";

type Given = Pick<VolumeRecord, "id" | "name" | "size" | "content"> &
  Partial<Pick<VolumeRecord, "source" | "multiWriter" | "family">>;

export function volumeDraft({ deps: { cluster, now, layer } }: AgentState, given: Given): VolumeRecord {
  return {
    schema: recordSchema,
    layer: layer.kind,
    cluster,
    ...given,
    state: "creating",
    createdAt: now().toISOString(),
    // Also of a copy: it counts as blank only when it has nothing allocated, and then nothing of an old mkfs either.
    blankSizes: [given.size],
    // Milliseconds since 1970: above every epoch of an earlier volume of the same name, whose hosts stay revoked.
    lastEpoch: now().getTime(),
    publications: [],
    revoking: [],
  };
}
