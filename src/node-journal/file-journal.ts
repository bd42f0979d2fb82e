/**
 * The journal as files: `<directory>/<volume id>.json`, each written durably, each with its schema version.
 *
 * Y1  The devices of an entry are those of the boot that wrote it. After a reboot nothing of them is left, and the kernel
 *     counts its devices and their nodes from the beginning again.
 */
import { basename, join } from "node:path";
import * as z from "zod";
import { DomainError, failure } from "../domain/errors.ts";
import { parseVolumeId, type VolumeId } from "../domain/identity.ts";
import { parseStored } from "../domain/stored-record.ts";
import { listNames, readText, removeFile, syncDirectory, writeDurable } from "../host/files.ts";
import { KeyedMutex } from "../lib/keyed-lock.ts";
import type { JournalEntry, NodeJournal } from "./index.ts";

/** 2 added the boot, and what tells a device from all others of that boot; devices of 1 lack it. */
const known = 2;
const number = z.int().min(0);
const device = z.strictObject({
  path: z.string(),
  number: z.strictObject({ major: number, minor: number }),
  isPast: z.boolean(),
  sequence: number.exactOptional(),
  nodes: z.array(number).readonly().exactOptional(),
});
const schema = z.strictObject({
  schema: z.union([z.literal(1), z.literal(known)]),
  boot: z.string().exactOptional(),
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
  readonly #boot: string;
  readonly #changes = new KeyedMutex();

  /** `directory` must exist and belong to this process alone; `boot` names this life of the kernel (Y1). */
  constructor({ directory, boot }: { readonly directory: string; readonly boot: string }) {
    this.#directory = directory;
    this.#boot = boot;
  }

  #path(volume: VolumeId): string {
    return join(this.#directory, `${volume}.json`);
  }

  async load(volume: VolumeId): Promise<JournalEntry | undefined> {
    const path = this.#path(volume);
    const text = await readText(path);
    if (text === undefined) return undefined;
    const { schema: _schema, boot = this.#boot, devices, ...entry } = parseStored(path, text, { known, schema });
    if (entry.volume === volume) return { ...entry, volume, devices: boot === this.#boot ? devices : [] };
    throw failure("precondition", {
      cannot: `read ${path}`,
      rule: `it must be of volume ${volume}`,
      got: entry.volume,
    });
  }

  async all(): Promise<readonly JournalEntry[]> {
    const volumes = (await listNames(this.#directory)).map((name) => parseVolumeId(basename(name, ".json")));
    const entries = volumes.map(async (volume) => volume && (await this.load(volume).catch(ifUnreadable)));
    return (await Promise.all(entries)).filter((entry) => entry !== undefined);
  }

  async save(entry: JournalEntry): Promise<void> {
    await writeDurable(this.#path(entry.volume), `${JSON.stringify({ schema: known, boot: this.#boot, ...entry })}\n`);
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

/** One that cannot be read is no evidence, and for those who need it by itself an error. */
function ifUnreadable(error: unknown): undefined {
  if (!(error instanceof DomainError)) throw error;
}
