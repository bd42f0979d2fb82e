/**
 * The journal as files: `<directory>/<volume id>.json`, each written durably, each with its schema version.
 *
 * J1  A record of a newer schema is refused with both versions named; it is never guessed at or overwritten.
 */
import { join } from "node:path";
import { z } from "zod";
import { failure } from "../domain/errors.ts";
import { parseVolumeId, type VolumeId } from "../domain/identity.ts";
import { listNames, readText, removeFile, syncDirectory, writeDurable } from "../host/files.ts";
import type { JournalEntry, NodeJournal } from "./index.ts";

const schema = 1;
const number = z.int().min(0);
const stored = z.strictObject({
  schema: z.literal(schema),
  volume: z.string(),
  epoch: z.int().min(1),
  stagingPath: z.string(),
  formatted: z.boolean(),
  device: z.strictObject({ major: number, minor: number }).exactOptional(),
});

export class FileJournal implements NodeJournal {
  readonly #directory: string;

  /** `directory` must exist and belong to this process alone. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  #path(volume: VolumeId): string {
    return join(this.#directory, `${volume}.json`);
  }

  async load(volume: VolumeId): Promise<JournalEntry | undefined> {
    const text = await readText(this.#path(volume));
    return text === undefined ? undefined : parseEntry(volume, text);
  }

  async save(entry: JournalEntry): Promise<void> {
    await writeDurable(this.#path(entry.volume), `${JSON.stringify({ schema, ...entry })}\n`);
  }

  async remove(volume: VolumeId): Promise<void> {
    await removeFile(this.#path(volume));
    await syncDirectory(this.#directory);
  }

  async list(): Promise<readonly VolumeId[]> {
    const names = await listNames(this.#directory);
    return names.map((name) => parseVolumeId(name.replace(/\.json$/, ""))).filter((id) => id !== undefined);
  }
}

function parseEntry(volume: VolumeId, text: string): JournalEntry {
  const cannot = `read the journal of volume ${volume}`;
  const json: unknown = JSON.parse(text);
  const version = z.object({ schema: z.int() }).safeParse(json);
  if (version.success && version.data.schema > schema) {
    const rule = `this version of the driver reads schema ${schema} and older`;
    throw failure("precondition", { cannot, rule, got: version.data.schema });
  }
  const parsed = stored.safeParse(json);
  if (!parsed.success) throw failure("precondition", { cannot, rule: z.prettifyError(parsed.error) });
  const { schema: _schema, ...entry } = parsed.data;
  return { ...entry, volume };
}
