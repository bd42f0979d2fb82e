/**
 * What volumes and snapshots are made of: the one contract of every layer under the target agent.
 *
 * L1  An object is used only while it is the very one that was made: its identity is compared at each use (R7, V8).
 * L2  Content is what the layer reads from the object itself, never inherited: nothing allocated is blank; anything else is
 *     content, even when it cannot be named (DESIGN 5.1 a).
 * L3  A copy holds every write that was acknowledged before the call, as after a power loss at one instant, and shares with
 *     its source what both still hold. Each of them may be removed first.
 * L4  What fails leaves nothing of the new object behind, and touches nothing that somebody else has put in its place.
 */
import type { Bytes } from "../../domain/capacity.ts";
import type { SnapshotId, VolumeId } from "../../domain/identity.ts";
import type { Content } from "../../domain/model.ts";
import type { BackingIdentity, LayerKind } from "../volume-record.ts";

export type ObjectId = VolumeId | SnapshotId;

/** A volume or a snapshot to be made. */
export interface ObjectToMake {
  readonly id: ObjectId;
  readonly size: Bytes;
}

/** One that was made. */
export interface StoredObject extends ObjectToMake {
  readonly backing?: BackingIdentity;
}

export interface CopyPair {
  readonly source: StoredObject;
  readonly copy: ObjectToMake;
}

export interface VolumeLayer {
  readonly kind: LayerKind;
  /** An object that no record explains is somebody's data: it is never replaced. */
  assertVacant(id: ObjectId): Promise<void>;
  create(object: ObjectToMake): Promise<BackingIdentity>;
  /** L3. The copy may be larger than its source. */
  copy(source: StoredObject, copy: ObjectToMake): Promise<BackingIdentity>;
  /**
   * L3, L4, of all of them at one instant; in their order. Each copy has the size of its source. Absent where the layer
   * cannot.
   */
  copyTogether?(pairs: readonly CopyPair[]): Promise<readonly BackingIdentity[]>;
  /** What is not the driver's own, and can be copied: its size. Errors: precondition. */
  measure(original: string): Promise<Bytes>;
  /** L3, L4, of such an original, which stays as it is. */
  copyForeign(original: string, copy: ObjectToMake): Promise<BackingIdentity>;
  /** What hosts see as the size of a sector. */
  sectorBytes(object: StoredObject): Promise<number>;
  /**
   * Of one that is removed next: lets the disks know that its room is free, where removing it alone does not. It is only a
   * try, ends within a bounded time, and touches nothing but the verified object.
   */
  discard(object: StoredObject): Promise<void>;
  /** Absent = done. */
  remove(id: ObjectId): Promise<void>;
  /** L1: the path of the verified object, as the kernel target takes it. */
  verified(object: StoredObject): Promise<string>;
  /** As it is on the medium by now, whatever a record says; undefined when the object is not there. */
  sizeOf(id: ObjectId): Promise<Bytes | undefined>;
  grow(object: StoredObject, size: Bytes): Promise<void>;
  /** Ends when every write that was under way at the call is on the medium or has failed. Absent = done. */
  drain(id: ObjectId, signal: AbortSignal): Promise<void>;
  /** L2. */
  content(object: StoredObject, signal: AbortSignal): Promise<Content>;
  /** Blocks of 4 KiB, for what lies in fixed places. */
  blocks(object: StoredObject, offsets: readonly Bytes[], signal: AbortSignal): Promise<readonly Buffer[]>;
  /** Room that an object takes now, whether it shares it or not. */
  allocated(id: ObjectId): Promise<Bytes>;
  /** Of what the pool can hold, however it was promised: how much is taken. */
  usedPercent(): Promise<number>;
  /**
   * Room that new objects can be promised, beside what all that are kept were promised. With `enough` it may be less than
   * there is, once it is as much.
   */
  available(kept: Kept, enough?: Bytes): Promise<Bytes>;
}

/** What is kept of a volume or snapshot, and so needs room. */
export interface KeptObject extends ObjectToMake {
  /** The same for all that may share blocks: copies, copies of copies and what they were made of. */
  readonly family: string;
  /** For a snapshot that is being taken: what it will hold at most. */
  readonly reserved?: Bytes;
  /** It is erased for whoever needs its room. */
  readonly isErasable?: boolean;
}

/** All that a pool keeps. */
export interface Kept {
  readonly volumes: readonly KeptObject[];
  readonly snapshots: readonly KeptObject[];
}
