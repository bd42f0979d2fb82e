/**
 * Format marks as files: `<directory>/<volume id>.json`.
 *
 * X1  A mark ends with its publication where this process hears of that (all-in-one), when the target is known to have
 *     seen the content, and at the latest a week after it was made: no publication is that old and still unknown to the
 *     target, which looks every 30 s.
 */
import { join } from "node:path";
import { z } from "zod";
import type { VolumeId } from "../domain/identity.ts";
import { parseStored } from "../domain/stored-record.ts";
import { listNames, readText, removeFile, writeDurable } from "../host/files.ts";
import type { FormatMarks } from "./index.ts";

const known = 1;
const schema = z.strictObject({
  schema: z.literal(known),
  volume: z.string(),
  epoch: z.int().min(1),
  formattedAt: z.iso.datetime(),
});
const lifetimeMs = 7 * 24 * 60 * 60 * 1000;

export class FileFormatMarks implements FormatMarks {
  readonly #directory: string;
  readonly #now: () => Date;

  /** `directory` must exist and belong to this process alone. */
  constructor(deps: { readonly directory: string; readonly now: () => Date }) {
    this.#directory = deps.directory;
    this.#now = deps.now;
  }

  #path(volume: VolumeId): string {
    return join(this.#directory, `${volume}.json`);
  }

  async add(volume: VolumeId, epoch: number): Promise<void> {
    const mark = { schema: known, volume, epoch, formattedAt: this.#now().toISOString() };
    await writeDurable(this.#path(volume), `${JSON.stringify(mark)}\n`);
  }

  async has(volume: VolumeId, epoch: number): Promise<boolean> {
    const path = this.#path(volume);
    const text = await readText(path);
    return text !== undefined && parseStored(path, text, { known, schema }).epoch === epoch;
  }

  async remove(volume: VolumeId): Promise<void> {
    await removeFile(this.#path(volume));
  }

  /** Removes the marks that are older than a week. */
  async prune(): Promise<void> {
    const oldest = this.#now().getTime() - lifetimeMs;
    for (const name of await listNames(this.#directory)) {
      if (!name.endsWith(".json")) continue;
      const path = join(this.#directory, name);
      const { formattedAt } = parseStored(path, (await readText(path)) ?? "", { known, schema });
      if (Date.parse(formattedAt) < oldest) await removeFile(path);
    }
  }
}
