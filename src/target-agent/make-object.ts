/**
 * A volume or snapshot comes into being in two steps behind its record: its layer makes the object, then it is looked at and
 * called ready. What fails leaves nothing behind, and takes away nothing that is somebody else's.
 */
import type { BackingIdentity } from "./volume-record.ts";

export interface Steps<R, B> {
  readonly make: () => Promise<B>;
  /** The record that says ready. */
  readonly finish: (backing: B) => Promise<R>;
  /** Removes the record alone: the layer took its own object away, and one that is there now is somebody else's. */
  readonly forget: () => Promise<void>;
  /** Removes the object, then the record. */
  readonly erase: () => Promise<void>;
}

export async function makeObject<R, B = BackingIdentity>({ make, finish, forget, erase }: Steps<R, B>): Promise<R> {
  let backing: B;
  try {
    backing = await make();
  } catch (error) {
    await forget();
    throw error;
  }
  try {
    return await finish(backing);
  } catch (error) {
    // Where that fails too, the record says what is left to do, and the next call, round or start does it.
    await erase().catch(() => undefined);
    throw error;
  }
}
