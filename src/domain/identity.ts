/**
 * Every name that the kernel, the target or a user can see is computed here, never allocated and never read from a
 * request: the same cluster id and the same CSI name give the same identity on every machine, for ever.
 *
 * I1  A volume or snapshot id has 32 hex digits of SHA-256(cluster id, NUL, CSI name); ids of two clusters do not meet.
 * I2  No NQN is a prefix of another one: the hash at the end has a fixed length (F13).
 * I3  A publication has a host NQN of its own, which depends on its epoch, so that a fenced host cannot come back to
 *     life when the volume returns to the same node (V41).
 */
import { createHash } from "node:crypto";
import { v5 as uuidv5 } from "uuid";

export type Brand<T, Name extends string> = T & { readonly __brand: Name };

/** `v1-` and 32 lower-case hex digits; unique in a cluster. */
export type VolumeId = Brand<string, "VolumeId">;
/** `s1-` and 32 lower-case hex digits; unique in a cluster. */
export type SnapshotId = Brand<string, "SnapshotId">;
/** `g1-` and 32 lower-case hex digits; unique in a cluster. */
export type SnapshotGroupId = Brand<string, "SnapshotGroupId">;
/** NVMe qualified name, at most 222 bytes: the Linux host refuses longer ones (V19). */
export type Nqn = Brand<string, "Nqn">;
/** Lower-case RFC 9562 UUID. */
export type Uuid = Brand<string, "Uuid">;
/** Names the cluster; required and immutable (uid of the kube-system namespace under Kubernetes). */
export type ClusterId = Brand<string, "ClusterId">;

/** The name in CSIDriver objects, StorageClasses and PersistentVolumes. */
export const driverName = "csi.nvmetcp.dev";
const nqnPrefix = "nqn.2026-11.dev.nvmetcp.csi";
const namespaceOfDriver = uuidv5(driverName, uuidv5.DNS);

const volumeIdPattern = /^v1-[0-9a-f]{32}$/;
const snapshotIdPattern = /^s1-[0-9a-f]{32}$/;
const snapshotGroupIdPattern = /^g1-[0-9a-f]{32}$/;

export function parseVolumeId(text: string): VolumeId | undefined {
  return volumeIdPattern.test(text) ? (text as VolumeId) : undefined;
}

export function parseSnapshotId(text: string): SnapshotId | undefined {
  return snapshotIdPattern.test(text) ? (text as SnapshotId) : undefined;
}

export function parseSnapshotGroupId(text: string): SnapshotGroupId | undefined {
  return snapshotGroupIdPattern.test(text) ? (text as SnapshotGroupId) : undefined;
}

/** The identity of the volume that a cluster calls `name`. */
export function volumeIdOf(cluster: ClusterId, name: string): VolumeId {
  return `v1-${sha256(`${cluster}\0${name}`).slice(0, 32)}` as VolumeId;
}

/** The identity of the snapshot that a cluster calls `name`. */
export function snapshotIdOf(cluster: ClusterId, name: string): SnapshotId {
  return `s1-${sha256(`${cluster}\0${name}`).slice(0, 32)}` as SnapshotId;
}

/** The identity of the snapshots that a cluster takes together as `name`. */
export function snapshotGroupIdOf(cluster: ClusterId, name: string): SnapshotGroupId {
  return `g1-${sha256(`${cluster}\0${name}`).slice(0, 32)}` as SnapshotGroupId;
}

/** The identity of a group's snapshot of one volume. */
export function memberIdOf(group: SnapshotGroupId, source: VolumeId): SnapshotId {
  return `s1-${sha256(`${group}\0${source}`).slice(0, 32)}` as SnapshotId;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** What all subsystem NQNs of one cluster start with, `:` included. */
export function nqnPrefixOf(cluster: ClusterId): string {
  return `${nqnPrefix}:${sha256(cluster).slice(0, 8)}:`;
}

/** What the subsystem NQNs of this driver start with, whatever the cluster. */
export const driverNqnPrefix = `${nqnPrefix}:`;

/** What the NVMe side of a volume is called. */
export interface ExportIdentity {
  /** NQN of the volume's own subsystem. */
  readonly nqn: Nqn;
  /** UUID of its one namespace (NSID 1). */
  readonly uuid: Uuid;
  /** Serial number of the subsystem, 20 hex digits (V20). */
  readonly serial: string;
}

export function exportIdentityOf(cluster: ClusterId, id: VolumeId): ExportIdentity {
  const nqn = `${nqnPrefixOf(cluster)}${id}` as Nqn;
  return { nqn, uuid: uuidv5(nqn, namespaceOfDriver) as Uuid, serial: id.slice(3, 23) };
}

const listenerName = "listener";

/** The subsystem that keeps the agent's ports open and admits no host; its name is no volume id (I2). */
export function listenerIdentityOf(cluster: ClusterId): Pick<ExportIdentity, "nqn" | "serial"> {
  const nqn = `${nqnPrefixOf(cluster)}${listenerName}` as Nqn;
  return { nqn, serial: sha256(nqn).slice(0, 20) };
}

/** Whether a subsystem keeps a port open for an agent of this driver, whatever the cluster. */
export function isListenerNqn(text: string): boolean {
  return text.startsWith(driverNqnPrefix) && text.endsWith(`:${listenerName}`);
}

/** UUID of the file system that this driver makes on a volume. */
export function filesystemUuidOf(cluster: ClusterId, id: VolumeId): Uuid {
  return uuidv5(`filesystem of ${exportIdentityOf(cluster, id).nqn}`, namespaceOfDriver) as Uuid;
}

/** Who a node is to the target for one publication. */
export interface HostIdentity {
  readonly hostNqn: Nqn;
  readonly hostId: Uuid;
}

/** I3: computed alike by the target agent, which allows it, and by the node, which connects with it. */
export function hostIdentityOf(node: Uuid, volume: VolumeId, epoch: number): HostIdentity {
  const hostId = uuidv5(`${volume} ${epoch}`, node) as Uuid;
  return { hostNqn: `nqn.2014-08.org.nvmexpress:uuid:${hostId}` as Nqn, hostId };
}
