/**
 * The door to the journal of this node: one durable record per volume, written before the first side effect of a
 * stage and removed after the last one of an unstage, so that unstage and recovery need nothing else (R10).
 */
import type { VolumeId } from "../domain/identity.ts";
import type { DeviceNumber } from "../domain/model.ts";

export interface JournalEntry {
  readonly volume: VolumeId;
  /** Epoch of the publication that the volume is or was staged with. */
  readonly epoch: number;
  readonly stagingPath: string;
  /** A file system was made on the volume under this epoch: it is never made again under the same epoch (gate e). */
  readonly formatted: boolean;
  /** The device that was mounted, once it is known: it names a mount whose device is gone. */
  readonly device?: DeviceNumber;
}

export interface NodeJournal {
  load(volume: VolumeId): Promise<JournalEntry | undefined>;
  save(entry: JournalEntry): Promise<void>;
  remove(volume: VolumeId): Promise<void>;
  list(): Promise<readonly VolumeId[]>;
}
