/**
 * An existing file or logical volume becomes a volume: as a copy that shares its blocks, so that the original stays as it
 * was.
 *
 * I1  What is imported holds content, whatever it looks like: it is never formatted.
 * I2  Content for sectors of another size than hosts will see is refused: it could not be used.
 */
import { roundUpToStep, smallestSize, type Bytes } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import { volumeIdOf, type VolumeId } from "../domain/identity.ts";
import { sectorFault } from "../domain/sector-size.ts";
import type { AgentState } from "./agent-state.ts";
import { makeObject } from "./make-object.ts";
import { reserveRoom } from "./reserve-room.ts";
import { volumeDraft } from "./volume-draft.ts";
import type { BackingIdentity, VolumeRecord } from "./volume-record.ts";

export interface ImportRequest {
  /** The name of the volume, as CreateVolume would have it. */
  readonly name: string;
  /** A path, or a logical volume of the pool's group. */
  readonly original: string;
}

export interface Imported {
  readonly id: VolumeId;
  readonly size: Bytes;
  readonly type: string;
}

/** Errors: already_exists, precondition, no_capacity, unavailable. */
export async function importVolume(
  state: AgentState,
  { name, original }: ImportRequest,
  signal: AbortSignal,
): Promise<Imported> {
  const { pool, layer, cluster } = state.deps;
  const id = volumeIdOf(cluster, name);
  return await state.locked([id], signal, async () => {
    const other = pool.volumes.get(id);
    if (other !== undefined) {
      const isKept = other.state === "deleted";
      const rule = isKept ? `volume ${name} was deleted and can still be undeleted` : `there is a volume ${name}`;
      throw failure("already_exists", { cannot: `import ${original}`, rule, got: id });
    }
    await layer.assertVacant(id);
    const found = await layer.measure(original);
    const size = roundUpToStep(found < smallestSize ? smallestSize : found);
    const draft = await reserveRoom(state, { needed: size, cannot: `import ${original}` }, signal, async () =>
      // I1.
      pool.volumes.save(volumeDraft(state, { id, name, size, content: { state: "present", type: "unknown" } })),
    );
    const made = await makeObject({
      make: async () => layer.copyForeign(original, draft),
      finish: async (backing) => pool.volumes.save(await looked(state, { draft, backing, original }, signal)),
      forget: async () => pool.volumes.forget(id),
      erase: async () => {
        await layer.remove(id);
        await pool.volumes.forget(id);
      },
    });
    return { id, size, type: made.content.state === "present" ? made.content.type : "unknown" };
  });
}

interface Copy {
  readonly draft: VolumeRecord;
  readonly backing: BackingIdentity;
  readonly original: string;
}

/** I1, I2. */
async function looked(
  { deps: { layer } }: AgentState,
  { draft, backing, original }: Copy,
  signal: AbortSignal,
): Promise<VolumeRecord> {
  const made = { ...draft, backing };
  const head = Buffer.concat(await layer.blocks(made, [0n, 4096n], signal));
  const sector = await layer.sectorBytes(made);
  const fault = sectorFault(head, sector);
  if (fault !== undefined) {
    const rule = `${fault}, and hosts would see sectors of ${sector} bytes`;
    throw failure("precondition", { cannot: `import ${original}`, rule });
  }
  const seen = await layer.content(made, signal);
  return { ...made, state: "ready", content: seen.state === "present" ? seen : made.content };
}
