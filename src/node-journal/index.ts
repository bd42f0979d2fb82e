/**
 * The door to the journal of this node: one durable record per volume, written before the first side effect of a
 * stage and removed after the last one of an unstage, so that unstage and recovery need nothing else (R10).
 */
import type { VolumeId } from "../domain/identity.ts";
import type { DeviceNumber } from "../domain/model.ts";

export interface JournaledDevice {
  /** Device node, such as `/dev/nvme0n1`. */
  readonly path: string;
  readonly number: DeviceNumber;
}

export interface JournalEntry {
  readonly volume: VolumeId;
  /** Epoch of the publication that the volume is or was staged with. */
  readonly epoch: number;
  readonly stagingPath: string;
  readonly usage: "block" | "filesystem";
  /** A file system was made on the volume under this epoch: it is never made again under the same epoch (gate e). */
  readonly formatted: boolean;
  /** Devices that the volume has had here, newest last: they name mounts that outlive their device. */
  readonly devices: readonly JournaledDevice[];
}

export interface NodeJournal {
  load(volume: VolumeId): Promise<JournalEntry | undefined>;
  save(entry: JournalEntry): Promise<void>;
  remove(volume: VolumeId): Promise<void>;
  list(): Promise<readonly VolumeId[]>;
}
