/**
 * How much a pool can still promise, from what is free in it and what was promised.
 *
 * R1  A volume is promised its whole size, because each block that it shares may be written anew; a snapshot keeps what it
 *     held when it was taken, because nobody writes it.
 * R2  What a family holds is known only as far as the one of its members that holds most: the others may share it all.
 * R3  Until every object was looked at, `left` is the least that it can be.
 * R4  What can be erased is promised nothing. It holds something only where nothing that stays may share it, and less what
 *     a file system keeps of its free space for itself: `left` is what there will surely be.
 */
import type { Bytes } from "../../domain/capacity.ts";
import { parseSnapshotId } from "../../domain/identity.ts";
import type { Kept, KeptObject } from "./layer.ts";

export interface RoomOptions {
  /** What a pool can take beside what is in it. */
  readonly free: Bytes;
  /** What an object takes at most. */
  readonly mostOf: (object: KeptObject) => Bytes;
  /** What may be promised, of what a pool can hold: 100 percent, or more. */
  readonly overcommitPercent: bigint;
}

export class Room {
  readonly #kept: Kept;
  readonly #options: RoomOptions;
  #promised: Bytes;
  /** By family. */
  readonly #held = new Map<string, Bytes>();
  #heldInAll = 0n;
  /** Families of which something stays. */
  readonly #lasting: ReadonlySet<string>;

  constructor(kept: Kept, options: RoomOptions) {
    this.#kept = kept;
    this.#options = options;
    const lasting = kept.volumes.filter(({ isErasable = false }) => !isErasable);
    this.#lasting = new Set([...lasting, ...kept.snapshots].map(({ family }) => family));
    this.#promised =
      lasting.reduce((sum, { size }) => sum + size, 0n) +
      kept.snapshots.reduce((sum, snapshot) => sum + options.mostOf(snapshot), 0n);
  }

  /** In the order in which they are likely to tell most. */
  *largestFirst(): Generator<KeptObject> {
    yield* [...this.#kept.volumes, ...this.#kept.snapshots].sort((a, b) => Number(b.size - a.size));
  }

  look(object: KeptObject, allocated: Bytes): void {
    const { id, size, family, reserved = 0n, isErasable = false } = object;
    if (isErasable && this.#lasting.has(family)) return;
    const isSnapshot = parseSnapshotId(id) !== undefined;
    if (isSnapshot) this.#promised -= this.#options.mostOf(object) - (allocated > reserved ? allocated : reserved);
    const most = isSnapshot || allocated < size ? allocated : size;
    const holds = isErasable ? most - most / 64n : most;
    const known = this.#held.get(family) ?? 0n;
    if (holds <= known) return;
    this.#heldInAll += holds - known;
    this.#held.set(family, holds);
  }

  get left(): Bytes {
    const { free, overcommitPercent } = this.#options;
    const left = ((free + this.#heldInAll) * overcommitPercent) / 100n - this.#promised;
    return left < 0n ? 0n : left;
  }
}
