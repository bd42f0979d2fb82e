/** Takes a volume away for good. Its lock is held. */
import type { AgentState } from "./agent-state.ts";
import type { VolumeRecord } from "./volume-record.ts";

/** The object first, the record last: a crash in between leaves a record that says what is left to do. */
export async function eraseVolume(state: AgentState, record: VolumeRecord): Promise<void> {
  const { pool, layer } = state.deps;
  // From here on nobody gets it back: what is left of it may be discarded in part.
  const isDecided = record.state === "creating" || record.state === "deleting";
  if (!isDecided) await pool.volumes.save({ ...record, state: "deleting" });
  await layer.discard(record);
  await layer.remove(record.id);
  await pool.volumes.forget(record.id);
  state.acquit(record.id);
}
