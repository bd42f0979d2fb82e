/**
 * What differs between file systems: one object for each type (ext4.ts, xfs.ts, btrfs.ts), and what is done alike.
 *
 * E1  The features are written out and none is left to the defaults of newer programs: Linux 5.15 mounts the result.
 * E2  mkfs is forced only over a mkfs of the same volume that was cut short.
 * E3  Programs that change a device run while it is held (S3).
 * E4  A made file system is read back: blkid must find the type and the UUID that were asked for.
 */
import type { MkfsOptions } from "../domain/class-parameters.ts";
import { failure } from "../domain/errors.ts";
import type { FilesystemType } from "../domain/model.ts";
import { probeSignature } from "../host/blkid.ts";
import type { Ask } from "../host/converse.ts";
import { execHolding, runHolding } from "../host/direct-io.ts";
import { toolFailure, type ExecResult } from "../host/exec.ts";
import type { CheckResult } from "./index.ts";

type Argv = readonly [string, ...string[]];

export interface MakeRequest {
  readonly path: string;
  readonly uuid: string;
  /** A mkfs that was cut short may have left something (E2). */
  readonly isOver: boolean;
  /** Those of all types; a kind takes its own. */
  readonly options: MkfsOptions;
}

export interface CheckRequest {
  readonly path: string;
  /** Where a check may keep, while it runs, what it replaces on the device; only one check at a time uses it. */
  readonly undoFile: string;
}

export interface FilesystemKind {
  readonly type: FilesystemType;
  /** No discard: it would tell the target to forget the format intent block, and a thin volume is empty anyway. */
  readonly mkfs: (request: MakeRequest) => Argv;
  /** Before each read-write mount; without it the kernel alone looks, while it mounts. */
  readonly check?: (ask: Ask, request: CheckRequest, signal: AbortSignal) => Promise<CheckResult>;
  /** A check that changes nothing, and the exit status by which it calls a file system damaged. */
  readonly diagnose: (path: string) => Argv;
  readonly damagedStatus: number;
  /** Makes a mounted file system as large as its device; done already is done. */
  readonly grow: (device: string, path: string) => Argv;
  /** Options of every mount, in front of what a class asks for. */
  readonly options: readonly string[];
}

export async function makeFilesystem(
  ask: Ask,
  { kind: { type, mkfs }, ...request }: MakeRequest & { readonly kind: FilesystemKind },
  signal: AbortSignal,
): Promise<void> {
  const { path, uuid } = request;
  const [file, ...args] = mkfs(request);
  const result = await runHolding(ask, [file, ...args], { signal });
  if (result.exitCode !== 0) throw toolFailure(file, args, result);
  const made = await probeSignature(execHolding(ask), path, { signal });
  if (made?.type === type && made.uuid === uuid) return;
  const rule = `blkid must find ${type} with uuid ${uuid} after mkfs`;
  throw failure("unavailable", { cannot: `make a file system on ${path}`, rule, got: made });
}

/** Makes the file system that is mounted at `path` as large as the held device. */
export async function growFilesystem(
  ask: Ask,
  { kind, device, path }: { readonly kind: FilesystemKind; readonly device: string; readonly path: string },
  signal: AbortSignal,
): Promise<void> {
  const [file, ...args] = kind.grow(device, path);
  const result = await runHolding(ask, [file, ...args], { signal });
  if (result.exitCode !== 0) throw toolFailure(file, args, result);
}

/** What a check that changes nothing says of a file system that does not mount; undefined: no damage that it knows. */
export async function diagnose(
  ask: Ask,
  { kind, path }: { readonly kind: FilesystemKind; readonly path: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const result = await runHolding(ask, kind.diagnose(path), { signal });
  return result.exitCode === kind.damagedStatus ? reportOf(result) : undefined;
}

export function reportOf({ stdout, stderr }: ExecResult): string {
  return `${stdout}\n${stderr}`.trim().slice(-4000);
}
