/**
 * Format marks as files: `<directory>/<volume id>.json`.
 *
 * X1  A mark ends with its publication where this process hears of that (all-in-one), and otherwise with the next stage
 *     of the volume whose context knows of the content or has another epoch. It never ends by age: the context of a
 *     publication says "blank" for as long as the publication lasts.
 */
import { join } from "node:path";
import * as z from "zod";
import type { VolumeId } from "../domain/identity.ts";
import { parseStored } from "../domain/stored-record.ts";
import { readText, removeFile, writeDurable } from "../host/files.ts";
import type { FormatMarks } from "./index.ts";

const known = 1;
const schema = z.strictObject({
  schema: z.literal(known),
  volume: z.string(),
  epoch: z.int().min(1),
  formattedAt: z.iso.datetime(),
});

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
}
