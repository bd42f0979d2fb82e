/**
 * The contract between the CSI services and a storage system. One suite (test/contract) runs against every
 * implementation; `memory` is the reference.
 *
 * A back end SHALL
 * B1  be idempotent: a call repeated after any outcome, known or unknown, converges to the same state (R15);
 * B2  name things by the ids it is given, never by ids it makes up: create is "ensure";
 * B3  decide itself who may hold a volume beside whom (domain/publications.ts), by compare-and-set in its own durable
 *     record, so that two controllers cannot both publish (R3, F69);
 * B4  return from `unpublish` only when no write of the revoked host can reach the data any more (R3), and let the other
 *     holders, if there are any, go on without an error;
 * B5  end every wait when the signal fires, and throw DomainErrors only; an outcome it does not know is `unavailable`
 *     or `timeout`, never a final kind (R11);
 * B6  never let content be taken for blank: `content` is what it read itself, and `present` is never forgotten (R1);
 * B7  make a copy of a volume, as a snapshot or another volume, that holds every write acknowledged before the call and
 *     none that was begun after it returned, and keep copies independent: each may be deleted first;
 * B8  take a group of snapshots at one instant: of two writes of which one was begun when the other was acknowledged, no
 *     group holds the later one alone. One that cannot has no `groups`.
 * The caller runs at most one call per volume id at a time in one process; other processes may call as well.
 */
import type { Bytes } from "../domain/capacity.ts";
import type { SnapshotGroupId, SnapshotId, VolumeId } from "../domain/identity.ts";
import type { Attachment, MultiWriter, Snapshot, SnapshotGroup, Volume, VolumeSource } from "../domain/model.ts";
import type { NodeIdParts } from "../domain/node-id.ts";
import type { Page, PageRequest } from "../domain/page.ts";
import type { Segments, TopologyRequirement } from "../domain/topology.ts";
import type { PublicationRequest } from "../domain/publications.ts";

export interface VolumeSpec {
  readonly id: VolumeId;
  /** The orchestrator's name, kept for people. */
  readonly name: string;
  /** Exact; it follows the rule of domain/capacity.ts. */
  readonly size: Bytes;
  /** What to copy; nothing smaller than it is made. */
  readonly source?: VolumeSource;
  /** Name of the pool to make it in; a copy is made where its source is. Any unless given. */
  readonly pool?: string;
  /** Where it is to be reachable from; anywhere unless given. */
  readonly topology?: TopologyRequirement;
  /** Kept with the volume, for every later publish. */
  readonly multiWriter?: MultiWriter;
}

export interface SnapshotSpec {
  readonly id: SnapshotId;
  /** The orchestrator's name, kept for people. */
  readonly name: string;
  readonly source: VolumeId;
}

export interface SnapshotGroupSpec {
  readonly id: SnapshotGroupId;
  /** The orchestrator's name, kept for people. */
  readonly name: string;
  /** At least one, none of them twice. */
  readonly sources: readonly VolumeId[];
}

/** B8. */
export interface SnapshotGroups {
  /**
   * Ensures the group. Errors: not_found (a source), already_exists (there with other sources), precondition (the sources
   * cannot be taken together, or a file system is being made on one), no_capacity. What fails leaves no snapshot.
   */
  create(spec: SnapshotGroupSpec, signal: AbortSignal): Promise<SnapshotGroup>;
  get(id: SnapshotGroupId, signal: AbortSignal): Promise<SnapshotGroup | undefined>;
  /** With all its snapshots. Absent = done. */
  delete(id: SnapshotGroupId, signal: AbortSignal): Promise<void>;
}

export type PublishRequest = PublicationRequest;

/** Whom an unpublish revokes: every publication of the node's name, or every publication of the volume. */
export type Revoked = NodeIdParts | "everyone";

export interface CapacityRequest {
  /** Name of the pool that is asked for; all unless given. */
  readonly pool?: string;
  /** Only what can be reached from there. */
  readonly from?: Segments;
}

export interface Capacity {
  /** Bytes that new volumes can still have in all. */
  readonly available: Bytes;
  /** Size of the largest volume that can be made now. */
  readonly largestVolume: Bytes;
}

export interface Backend {
  /** First part of the CSI volume ids; `[a-z0-9-]+`. */
  readonly name: string;
  /** Absent where snapshots are taken one by one only. */
  readonly groups?: SnapshotGroups;
  /** Whether requests can be served now; an unavailable error says why not. */
  probe(signal: AbortSignal): Promise<void>;
  /** Errors: invalid_argument (no such pool). */
  capacity(request: CapacityRequest, signal: AbortSignal): Promise<Capacity>;
  /**
   * Ensures the volume. Errors: already_exists (there with another size, source or multiWriter, or in another pool than
   * asked for), not_found (the source), out_of_range (smaller than its source), precondition (a file system is being made
   * on the source), no_capacity (or none where it is to be reachable), invalid_argument (no such pool, or not the one of
   * the source).
   */
  create(spec: VolumeSpec, signal: AbortSignal): Promise<Volume>;
  get(id: VolumeId, signal: AbortSignal): Promise<Volume | undefined>;
  /** Volumes in the order of their ids. */
  list(page: PageRequest<Volume>, signal: AbortSignal): Promise<Page<Volume>>;
  /** Absent = done. Errors: in_use while published. */
  delete(id: VolumeId, signal: AbortSignal): Promise<void>;
  /** Makes a volume at least so large; hosts see it at once. Never smaller. Errors: not_found, no_capacity. */
  expand(id: VolumeId, size: Bytes, signal: AbortSignal): Promise<Volume>;
  /**
   * Ensures the snapshot. Errors: not_found (the source), already_exists (there with another source), precondition (a file
   * system is being made on the source), no_capacity.
   */
  createSnapshot(spec: SnapshotSpec, signal: AbortSignal): Promise<Snapshot>;
  getSnapshot(id: SnapshotId, signal: AbortSignal): Promise<Snapshot | undefined>;
  /** Snapshots in the order of their ids, of one source or of all. */
  listSnapshots(
    source: VolumeId | undefined,
    page: PageRequest<Snapshot>,
    signal: AbortSignal,
  ): Promise<Page<Snapshot>>;
  /** Absent = done. Errors: invalid_argument (one of a group). */
  deleteSnapshot(id: SnapshotId, signal: AbortSignal): Promise<void>;
  /**
   * Lets a node in. A repeat for the same node, access and sharing returns the same epoch; another one is already_exists.
   * Errors: not_found, attached_elsewhere (names the holders), precondition (several writers of a volume for one).
   */
  publish(id: VolumeId, request: PublishRequest, signal: AbortSignal): Promise<Attachment>;
  /** The fence (B4). Absent volume or publication = done. */
  unpublish(id: VolumeId, revoked: Revoked, signal: AbortSignal): Promise<void>;
}
