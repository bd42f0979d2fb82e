/**
 * What differs between file systems: one object for each type (ext4.ts, xfs.ts, btrfs.ts), and what is done alike.
 *
 * E1  The features are written out and none is left to the defaults of newer programs: Linux 5.15 mounts the result.
 * E2  mkfs is forced only over a mkfs of the same volume that was cut short.
 * E3  The device is verified and held open while a program runs on it (S3).
 * E4  A made file system is read back: blkid must find the type and the UUID that were asked for.
 */
import { failure } from "../domain/errors.ts";
import type { FilesystemType } from "../domain/model.ts";
import { probeSignature } from "../host/blkid.ts";
import { runOnDevice } from "../host/direct-io.ts";
import { toolFailure, type Exec, type ExecResult } from "../host/exec.ts";
import type { BlockDevice, CheckResult } from "./index.ts";

type Argv = readonly [string, ...string[]];

export interface MakeRequest {
  readonly path: string;
  readonly uuid: string;
  /** A mkfs that was cut short may have left something (E2). */
  readonly isOver: boolean;
}

export interface FilesystemKind {
  readonly type: FilesystemType;
  /** No discard: it would tell the target to forget the format intent block, and a thin volume is empty anyway. */
  readonly mkfs: (request: MakeRequest) => Argv;
  /** Before each read-write mount; without it the kernel alone looks, while it mounts. */
  readonly check?: (run: Exec, device: BlockDevice, signal: AbortSignal) => Promise<CheckResult>;
  /** A check that changes nothing, and the exit status by which it calls a file system damaged. */
  readonly diagnose: (path: string) => Argv;
  readonly damagedStatus: number;
  /** Options of every mount, in front of what a class asks for. */
  readonly options: readonly string[];
  /** Besides `ro`, so that nothing is written, not even a replay of the journal (T3). */
  readonly readOnlyOptions: readonly string[];
}

export async function makeFilesystem(
  run: Exec,
  device: BlockDevice,
  { kind: { type, mkfs }, uuid, isOver }: { kind: FilesystemKind; uuid: string; isOver: boolean },
  signal: AbortSignal,
): Promise<void> {
  const argv = mkfs({ path: device.path, uuid, isOver });
  const result = await runOnDevice(run, device, argv, { signal });
  const [file, ...args] = argv;
  if (result.exitCode !== 0) throw toolFailure(file, args, result);
  const made = await probeSignature(run, device.path, { signal });
  if (made?.type === type && made.uuid === uuid) return;
  const rule = `blkid must find ${type} with uuid ${uuid} after mkfs`;
  throw failure("unavailable", { cannot: `make a file system on ${device.path}`, rule, got: made });
}

/** What a check that changes nothing says of a file system that does not mount; undefined: no damage that it knows. */
export async function diagnose(
  run: Exec,
  device: BlockDevice,
  kind: FilesystemKind,
  signal: AbortSignal,
): Promise<string | undefined> {
  const result = await runOnDevice(run, device, kind.diagnose(device.path), { signal });
  return result.exitCode === kind.damagedStatus ? reportOf(result) : undefined;
}

export function reportOf({ stdout, stderr }: ExecResult): string {
  return `${stdout}\n${stderr}`.trim().slice(-4000);
}
