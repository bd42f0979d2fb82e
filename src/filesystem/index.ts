/**
 * The door to file systems, mounts and the content of block devices.
 *
 * S1  Nothing here decides whether to format: it gathers evidence, and it carries out what it is told.
 * S2  A path or device that can hang is touched in a child process with a deadline only (V32), except for what is
 *     known not to hang: sysfs, mountinfo, stat and statfs of a mount point.
 * S3  During a destructive step the device is held open, after a check of type, number and namespace UUID (V33).
 */
import type { Bytes } from "../domain/capacity.ts";
import type { MkfsOptions } from "../domain/class-parameters.ts";
import type { FormatIntent } from "../domain/format-intent.ts";
import type { Uuid, VolumeId } from "../domain/identity.ts";
import type { DeviceNumber, FilesystemType } from "../domain/model.ts";
import type { DeviceSignature } from "../host/blkid.ts";
import type { Mount } from "./mountinfo.ts";

export { isFilesystemOn, topMountAt, type Mount } from "./mountinfo.ts";

/** What a device is called; it need not be there any more. */
export interface DeviceName {
  readonly path: string;
  readonly number: DeviceNumber;
  /** UUID of the NVMe namespace: a name and a number alone may pass to another volume's device. */
  readonly uuid: Uuid;
}

/** What a device to look at or to change is called and must be. */
export interface BlockDevice extends DeviceName {
  readonly size: Bytes;
  /** Its disk sequence number, where it has one: name, number and UUID may be those of a later connection. */
  readonly sequence?: number;
}

/** What a device whose node is bound must be. */
export interface DeviceNode extends DeviceName {
  /** Inode of the node (`nodeOf`). */
  readonly node: number;
}

export type Signature = DeviceSignature;

/** A format intent on a device, as it was read. */
export interface FoundIntent {
  readonly offset: Bytes;
  /** The whole block: it is replaced only while it reads like this. */
  readonly block: Buffer;
}

/** What to look for on a device. */
export interface Inspection {
  readonly volume: VolumeId;
  /** Sizes that the volume had while it was blank; the present one need not be among them. */
  readonly blankSizes: readonly Bytes[];
}

/** What direct reads and blkid said about a device. Only a complete reading is evidence. */
export type Evidence =
  | {
      readonly kind: "read";
      /** The first byte that is not zero in the regions of the gate, if any. */
      readonly firstNonZero?: Bytes;
      readonly signature?: Signature;
      /** Valid format intents of the volume; they do not count as bytes that are not zero. */
      readonly intents: readonly FoundIntent[];
    }
  | { readonly kind: "unreadable"; readonly reason: string };

export type CheckResult =
  /** A file system that its kernel alone looks at, while it mounts, is unchecked. */
  | { readonly kind: "clean" | "repaired" | "unchecked" }
  /** As it was before the check. */
  | { readonly kind: "damaged"; readonly report: string };

export interface FormatRequest {
  readonly type: FilesystemType;
  readonly uuid: string;
  /** There is a format intent: what a mkfs has left that was cut short may be overwritten. */
  readonly isOver: boolean;
  readonly options: MkfsOptions;
}

export interface MountRequest {
  readonly path: string;
  readonly type: FilesystemType;
  readonly options: readonly string[];
  readonly readOnly: boolean;
}

export interface BindRequest {
  /** A directory, or a device node for raw block. */
  readonly source: string;
  /** Which device the node must be: checked when it is bound, because names pass to other devices (V33). */
  readonly device?: DeviceNode;
  readonly target: string;
  readonly readOnly: boolean;
}

/** Space and inodes of a file system, or the size of a device. */
export interface SpaceUsage {
  readonly unit: "bytes" | "inodes";
  readonly total: bigint;
  readonly available: bigint;
  readonly used: bigint;
}

/** A device that was verified and stays open: nothing done here can meet another device under its name (S3). */
export interface HeldDevice {
  /** DESIGN 5.1 (c) and (d): reads the gate's regions (for each size that the device had while blank) and asks blkid. */
  inspect(wanted: Inspection, signal: AbortSignal): Promise<Evidence>;
  /** Format intents alone; a place that cannot be read is an error. */
  findIntents(wanted: Inspection, signal: AbortSignal): Promise<readonly FoundIntent[]>;
  /** Writes a format intent to its place, which must be zero, and returns when it is on the medium. */
  putIntent(intent: FormatIntent, signal: AbortSignal): Promise<FoundIntent>;
  /** Replaces a format intent with zeros; what is there in its stead by now stays. */
  eraseIntent(found: FoundIntent, signal: AbortSignal): Promise<void>;
  /** Makes a file system with pinned features, the options of its type and a given UUID, and reads it back. */
  make(request: FormatRequest, signal: AbortSignal): Promise<void>;
  /** The check before every read-write mount (DESIGN 5, fsck). */
  check(type: FilesystemType, signal: AbortSignal): Promise<CheckResult>;
  /** Whether the file system, which is not mounted, is smaller than the device. */
  isTooSmall(type: FilesystemType, signal: AbortSignal): Promise<boolean>;
  /** Makes the file system that is mounted at `path` as large as the device; done already is done. */
  grow(type: FilesystemType, path: string, signal: AbortSignal): Promise<void>;
  /** From now on this device takes no writes here, whoever opens it; until it is connected anew. */
  protect(signal: AbortSignal): Promise<void>;
  /** A file system that is damaged is a precondition error with the report of a check that changes nothing. */
  mount(request: MountRequest, signal: AbortSignal): Promise<void>;
  /** Lets go, as soon as what runs on the device has ended. */
  release(): void;
}

export interface Filesystem {
  /** A device will be held or looked at soon: what that needs may start meanwhile. */
  anticipate(): void;
  /** Verifies a device and keeps it open until it is released, or a call on it was aborted. */
  hold(device: BlockDevice, signal: AbortSignal): Promise<HeldDevice>;
  /** Inode of the node of a device: devtmpfs gives none twice, so it tells a bind of it from all others. */
  nodeOf(device: DeviceName): Promise<number>;
  bind(request: BindRequest, signal: AbortSignal): Promise<void>;
  /** Removes the topmost mount at a path. */
  unmount(path: string, signal: AbortSignal): Promise<void>;
  /** All mounts of this mount namespace, oldest first. */
  mounts(): Promise<readonly Mount[]>;
  /** Unmount truth (R8): whether nothing holds the device any more. */
  isReleased(device: DeviceName, signal: AbortSignal): Promise<boolean>;
  /** What uses a device, for an error text: holders in sysfs and mount points. */
  holders(device: DeviceName): Promise<readonly string[]>;
  /** Whether the file system mounted at a path has given up after an error, as an xfs does; without child processes. */
  isShutDown(path: string): Promise<boolean>;
  /** Space of the mounted file system at a path, without child processes. */
  usage(path: string): Promise<readonly SpaceUsage[]>;
}

/** Staging and target paths: plain directories and files that the kubelet names (R13). Never follows a symbolic link. */
export interface TargetPaths {
  /** The path as given, when it is an existing directory that is no symbolic link; otherwise a precondition error. */
  assertDirectory(path: string): Promise<void>;
  /** Ensures an empty directory, or an empty file for raw block, to mount on; its parent directory is made too. */
  ensureTarget(path: string, kind: "directory" | "file"): Promise<void>;
  /** Removes a target that is no mount point any more: rmdir or unlink, never recursive. Absent = done. */
  removeTarget(path: string): Promise<void>;
}
