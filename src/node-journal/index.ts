/**
 * The door to what this node remembers of volumes.
 *
 * The journal: one durable record per volume, written before the first side effect of a stage and removed after the
 * last one of an unstage, so that unstage and recovery need nothing else (R10).
 * The format marks: which volumes this node formatted or gave out as raw block, and under which epoch. They outlive the unstage,
 * because a later stage of the same publication comes with a context from before the format (gate e).
 */
import type { Bytes } from "../domain/capacity.ts";
import type { VolumeId } from "../domain/identity.ts";
import type { DeviceNumber } from "../domain/model.ts";

export interface JournaledDevice {
  /** Device node, such as `/dev/nvme0n1`. */
  readonly path: string;
  readonly number: DeviceNumber;
  /** Whether it was lost: what bears its name and number since is another device, even if it is this volume's again. */
  readonly isPast: boolean;
  /** As `NvmeDevice` has it; absent: not known. */
  readonly sequence?: number;
  /** Inodes of its device node that were bound for pods, each written down before the bind; absent: not known. */
  readonly nodes?: readonly number[];
}

export interface JournalEntry {
  readonly volume: VolumeId;
  /** Epoch of the publication that the volume is or was staged with. */
  readonly epoch: number;
  readonly stagingPath: string;
  readonly usage: "block" | "filesystem";
  /** Whether a raw block stage was completed; a file system shows that in the mount table instead. */
  readonly isRawReady: boolean;
  /** Whether the mounted file system is still to be made as large as its device. */
  readonly isGrowing: boolean;
  /** Target paths that were to be published read-only: a bind that is not yet read-only may be finished there. */
  readonly readOnlyTargets: readonly string[];
  /** Devices that the volume has had here since the machine was started, newest last: they name mounts that outlive them. */
  readonly devices: readonly JournaledDevice[];
}

export interface NodeJournal {
  load(volume: VolumeId): Promise<JournalEntry | undefined>;
  /** The entries of all volumes, but for those that cannot be read. */
  all(): Promise<readonly JournalEntry[]>;
  save(entry: JournalEntry): Promise<void>;
  /** Changes an entry as it is by then; absent = done. Changes of one volume wait for each other. */
  update(volume: VolumeId, change: (entry: JournalEntry) => JournalEntry): Promise<void>;
  remove(volume: VolumeId): Promise<void>;
}

/** What this node did to a volume under one epoch. */
export interface FormatMark {
  readonly isFormatted: boolean;
  /** Sizes of the device at which a mkfs was begun: a format intent may lie at their ends, whatever the context knows. */
  readonly begunAt: readonly Bytes[];
}

export interface FormatMarks {
  /** Remembers, before anything is written, that a file system is going to be made on a device of this size. */
  begin(volume: VolumeId, epoch: number, size: Bytes): Promise<void>;
  /** Remembers that a file system was made on the volume under this epoch. */
  add(volume: VolumeId, epoch: number): Promise<void>;
  of(volume: VolumeId, epoch: number): Promise<FormatMark>;
  /** Forgets the volume: its publication has ended, or the target knows of the content by itself. */
  remove(volume: VolumeId): Promise<void>;
}
