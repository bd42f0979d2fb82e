/** What every layer reads in one way, once it has verified what it reads. */
import type { Bytes } from "../../domain/capacity.ts";
import { failure } from "../../domain/errors.ts";
import type { Content, DeviceNumber } from "../../domain/model.ts";
import { probeSignature } from "../../host/blkid.ts";
import type { Ask } from "../../host/converse.ts";
import { readRegions } from "../../host/direct-io.ts";
import type { Exec } from "../../host/exec.ts";

/** The name of what is there, for an object that has something allocated (L2). */
export async function contentAt(exec: Exec, path: string, signal: AbortSignal): Promise<Content> {
  const { type, uuid } = (await probeSignature(exec, path, { signal })) ?? { type: "unknown" };
  return uuid === undefined ? { state: "present", type } : { state: "present", type, uuid };
}

export interface ObjectAt {
  readonly path: string;
  readonly expect: { readonly kind: "file" } | ({ readonly kind: "block" } & DeviceNumber);
}

/** Blocks of 4 KiB. */
export async function blocksAt(
  ask: Ask,
  object: ObjectAt,
  offsets: readonly Bytes[],
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  const reading = await readRegions(ask, { ...object, exclusive: false, regions: [], blocks: offsets }, { signal });
  if (reading.kind === "read") return reading.blocks;
  throw failure("unavailable", { cannot: `read ${object.path}`, rule: reading.reason, got: reading.code });
}
