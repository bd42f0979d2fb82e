/** The nouns that the layers share: immutable values without behaviour. */
import type { Bytes } from "./capacity.ts";
import type { SnapshotGroupId, SnapshotId, Uuid, VolumeId } from "./identity.ts";
import type { NodeId } from "./node-id.ts";
import type { Segments } from "./topology.ts";

/**
 * What the target has seen on a volume by reading its own backing store (DESIGN 5.1 a). Once content was seen it is
 * never forgotten: `blank` afterwards would be a loss, not a reason to format.
 */
export type Content =
  | { readonly state: "blank" }
  | {
      readonly state: "present";
      /** What blkid calls it (`ext4`, `LVM2_member`, `gpt`, …) or `unknown`. */
      readonly type: string;
      /** UUID of the file system, where it has one. */
      readonly uuid?: string;
    };

/** Where a target listens. */
export interface Portal {
  /** IPv4 or IPv6 address, without brackets. */
  readonly address: string;
  readonly port: number;
}

/** Whether a node may write. */
export type Access = "read-write" | "read-only";

/** Who may hold a volume at the same time as a node: others that read as well, or others that write its raw device too. */
export type Sharing = "readers" | "writers";

/** How several nodes may write one volume: as a raw device, whose users agree among themselves who writes where. */
export type MultiWriter = "block";

/** A node's right to use a volume, from one ControllerPublish to the unpublish that revokes it. */
export interface Publication {
  /** Grows with each publication of the volume; never used twice, not even by a later volume of the same name. */
  readonly epoch: number;
  readonly node: NodeId;
  readonly access: Access;
  /** Nobody else unless given. */
  readonly sharing?: Sharing;
}

/** Health of a volume, in words for people. */
export interface Condition {
  readonly abnormal: boolean;
  readonly message: string;
}

/** What a volume was made as a copy of. */
export type VolumeSource =
  { readonly kind: "snapshot"; readonly id: SnapshotId } | { readonly kind: "volume"; readonly id: VolumeId };

export interface Volume {
  readonly id: VolumeId;
  /** The name that the container orchestrator gave. */
  readonly name: string;
  readonly size: Bytes;
  readonly source?: VolumeSource;
  /** Segments that a node must have to reach it; everywhere unless given. */
  readonly place?: Segments;
  /** One node at a time writes it unless given. */
  readonly multiWriter?: MultiWriter;
  readonly content: Content;
  readonly publications: readonly Publication[];
  readonly condition: Condition;
}

/** What a volume held at one instant, kept apart from what becomes of it. */
export interface Snapshot {
  readonly id: SnapshotId;
  /** The name that the container orchestrator gave. */
  readonly name: string;
  /** It may be gone by now. */
  readonly source: VolumeId;
  /** That of the source at the instant; a volume made from it has at least this size. */
  readonly size: Bytes;
  readonly createdAt: Date;
  /** Those that were taken together with it; alone unless given. */
  readonly group?: SnapshotGroupId;
}

/** What several volumes held at one and the same instant. It comes and goes as a whole. */
export interface SnapshotGroup {
  readonly id: SnapshotGroupId;
  /** One of each volume, in the order of their ids. */
  readonly snapshots: readonly Snapshot[];
  readonly createdAt: Date;
}

/** What a node needs to reach a volume: the answer to a publish. */
export interface Attachment {
  readonly epoch: number;
  readonly portals: readonly Portal[];
  /** Size at publish time; the device may be larger after an expansion. */
  readonly size: Bytes;
  /** Sizes that the volume had while it was blank; an old mkfs may have left backups at their ends. */
  readonly blankSizes: readonly Bytes[];
  readonly content: Content;
  readonly access: Access;
  /** Nobody else unless given. */
  readonly sharing?: Sharing;
}

export const filesystemTypes = ["ext4", "xfs", "btrfs"] as const;
export type FilesystemType = (typeof filesystemTypes)[number];

/** How a volume is used on a node. */
export type Usage =
  | { readonly kind: "block" }
  | { readonly kind: "filesystem"; readonly type: FilesystemType; readonly options: readonly string[] };

/** What somebody who asks for a volume may do with it. */
export interface Capability {
  readonly usage: Usage;
  readonly access: Access;
  /** What other nodes may do with it at the same time; nothing unless given. */
  readonly sharing?: Sharing;
  /** Only one pod at a time may use it, also on one node. */
  readonly isForOnePod: boolean;
}

/** Identity of a device that a mount or an open file refers to. */
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/** Who a node is; made once per host and kept in its state directory. */
export interface NodeIdentity {
  readonly id: NodeId;
  readonly uuid: Uuid;
}
