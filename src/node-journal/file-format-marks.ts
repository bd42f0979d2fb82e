/**
 * Format marks as files: `<directory>/<volume id>.json`.
 *
 * X1  A mark ends with its publication where this process hears of that (all-in-one), and otherwise with the next stage
 *     of the volume whose context knows of the content or has another epoch. It never ends by age: the context of a
 *     publication says "blank" for as long as the publication lasts.
 */
import { join } from "node:path";
import * as z from "zod";
import type { Bytes } from "../domain/capacity.ts";
import type { VolumeId } from "../domain/identity.ts";
import { parseStored } from "../domain/stored-record.ts";
import { readText, removeFile, writeDurable } from "../host/files.ts";
import type { FormatMark, FormatMarks } from "./index.ts";

/** 2 added what was begun; a mark of 1 is one of a volume that was formatted. */
const known = 2;
const schema = z.strictObject({
  schema: z.union([z.literal(1), z.literal(known)]),
  volume: z.string(),
  epoch: z.int().min(1),
  formattedAt: z.iso.datetime().exactOptional(),
  begunAt: z
    .array(
      z
        .string()
        .regex(/^\d{1,20}$/)
        .transform(BigInt),
    )
    .readonly()
    .default([]),
});
const none: FormatMark = { isFormatted: false, begunAt: [] };

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

  async begin(volume: VolumeId, epoch: number, size: Bytes): Promise<void> {
    const { isFormatted, begunAt } = await this.of(volume, epoch);
    await this.#write(volume, epoch, { isFormatted, begunAt: [...new Set([...begunAt, size])] });
  }

  async add(volume: VolumeId, epoch: number): Promise<void> {
    await this.#write(volume, epoch, { ...(await this.of(volume, epoch)), isFormatted: true });
  }

  async #write(volume: VolumeId, epoch: number, { isFormatted, begunAt }: FormatMark): Promise<void> {
    const formattedAt = isFormatted ? { formattedAt: this.#now().toISOString() } : {};
    const mark = { schema: known, volume, epoch, ...formattedAt, begunAt: begunAt.map(String) };
    await writeDurable(this.#path(volume), `${JSON.stringify(mark)}\n`);
  }

  async of(volume: VolumeId, epoch: number): Promise<FormatMark> {
    const path = this.#path(volume);
    const text = await readText(path);
    const mark = text === undefined ? undefined : parseStored(path, text, { known, schema });
    if (mark?.epoch !== epoch) return none;
    return { isFormatted: mark.formattedAt !== undefined, begunAt: mark.begunAt };
  }

  async remove(volume: VolumeId): Promise<void> {
    await removeFile(this.#path(volume));
  }
}
