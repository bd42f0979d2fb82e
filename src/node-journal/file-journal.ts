/** The journal as files: `<directory>/<volume id>.json`, each written durably, each with its schema version. */
import { join } from "node:path";
import * as z from "zod";
import { failure } from "../domain/errors.ts";
import type { VolumeId } from "../domain/identity.ts";
import { parseStored } from "../domain/stored-record.ts";
import { readText, removeFile, syncDirectory, writeDurable } from "../host/files.ts";
import { KeyedMutex } from "../lib/keyed-lock.ts";
import type { JournalEntry, NodeJournal } from "./index.ts";

const known = 1;
const number = z.int().min(0);
const device = z.strictObject({
  path: z.string(),
  number: z.strictObject({ major: number, minor: number }),
  isPast: z.boolean(),
});
const schema = z.strictObject({
  schema: z.literal(known),
  volume: z.string(),
  epoch: z.int().min(1),
  stagingPath: z.string(),
  usage: z.enum(["block", "filesystem"]),
  isRawReady: z.boolean(),
  // Entries of before there was growth lack it.
  isGrowing: z.boolean().default(false),
  readOnlyTargets: z.array(z.string()).readonly(),
  devices: z.array(device).readonly(),
});

export class FileJournal implements NodeJournal {
  readonly #directory: string;
  readonly #changes = new KeyedMutex();

  /** `directory` must exist and belong to this process alone. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  #path(volume: VolumeId): string {
    return join(this.#directory, `${volume}.json`);
  }

  async load(volume: VolumeId): Promise<JournalEntry | undefined> {
    const path = this.#path(volume);
    const text = await readText(path);
    if (text === undefined) return undefined;
    const { schema: _schema, ...entry } = parseStored(path, text, { known, schema });
    if (entry.volume === volume) return { ...entry, volume };
    throw failure("precondition", {
      cannot: `read ${path}`,
      rule: `it must be of volume ${volume}`,
      got: entry.volume,
    });
  }

  async save(entry: JournalEntry): Promise<void> {
    await writeDurable(this.#path(entry.volume), `${JSON.stringify({ schema: known, ...entry })}\n`);
  }

  async update(volume: VolumeId, change: (entry: JournalEntry) => JournalEntry): Promise<void> {
    await this.#changes.run(volume, new AbortController().signal, async () => {
      const entry = await this.load(volume);
      if (entry !== undefined) await this.save(change(entry));
    });
  }

  async remove(volume: VolumeId): Promise<void> {
    await removeFile(this.#path(volume));
    await syncDirectory(this.#directory);
  }
}
