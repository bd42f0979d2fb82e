/**
 * Making and checking ext4.
 *
 * E1  The features are written out and none is left to the defaults of a newer mke2fs: Linux 5.15 mounts the result.
 * E2  mkfs is never forced. That protects little (without a terminal it asks nothing), so E3 and the format gate do.
 * E3  The device is verified and held open while mkfs or e2fsck runs on it (S3).
 * E4  A made file system is read back: blkid must call it ext4 with the UUID that was asked for.
 */
import { failure } from "../domain/errors.ts";
import { probeSignature } from "../host/blkid.ts";
import { runOnDevice } from "../host/direct-io.ts";
import { toolFailure, type Exec, type ExecResult } from "../host/exec.ts";
import type { BlockDevice, CheckResult } from "./index.ts";

const features = [
  "none",
  "has_journal",
  "ext_attr",
  "resize_inode",
  "dir_index",
  "filetype",
  "extent",
  "64bit",
  "flex_bg",
  "sparse_super",
  "large_file",
  "huge_file",
  "dir_nlink",
  "extra_isize",
  "metadata_csum",
];

/** No discard: it would tell the target to forget the format intent block, and a thin volume is empty anyway. */
const extended = "nodiscard,lazy_itable_init=1,lazy_journal_init=1";

export function ext4Arguments(path: string, uuid: string): readonly string[] {
  const layout = ["-b", "4096", "-I", "256", "-m", "0"];
  return ["-q", ...layout, "-U", uuid, "-E", extended, "-O", features.join(","), path];
}

export async function makeExt4(run: Exec, device: BlockDevice, uuid: string, signal: AbortSignal): Promise<void> {
  const args = ext4Arguments(device.path, uuid);
  const result = await runOnDevice(run, device, ["mkfs.ext4", ...args], { signal });
  if (result.exitCode !== 0) throw toolFailure("mkfs.ext4", args, result);
  const made = await probeSignature(run, device.path, { signal });
  if (made?.type === "ext4" && made.uuid === uuid) return;
  const rule = `blkid must find ext4 with uuid ${uuid} after mkfs`;
  throw failure("unavailable", { cannot: `make a file system on ${device.path}`, rule, got: made });
}

/** Bits of e2fsck's exit status, e2fsck(8). */
const repaired = 1;
const rebootAdvised = 2;
const uncorrected = 4;
const operational = 8 | 16 | 32 | 128;

/** Repairs what is safe to repair without a question (-p). Anything else is `damaged`, never repaired by force. */
export async function checkExt4(run: Exec, device: BlockDevice, signal: AbortSignal): Promise<CheckResult> {
  const first = await fsck(run, device, signal);
  if ((first.status & rebootAdvised) === 0) return first.result;
  const second = await fsck(run, device, signal);
  if ((second.status & rebootAdvised) === 0)
    return second.result.kind === "clean" ? { kind: "repaired" } : second.result;
  return { kind: "damaged", report: reportOf(second.output) };
}

async function fsck(run: Exec, device: BlockDevice, signal: AbortSignal) {
  const output = await runOnDevice(run, device, ["e2fsck", "-p", device.path], { signal });
  const status = output.exitCode;
  if (status === undefined || (status & operational) !== 0) {
    const got = status ?? output.signal;
    throw failure("unavailable", { cannot: `check ${device.path} with e2fsck`, rule: reportOf(output), got });
  }
  return { status, output, result: verdict(status, output) };
}

function verdict(status: number, output: ExecResult): CheckResult {
  if ((status & uncorrected) !== 0) return { kind: "damaged", report: reportOf(output) };
  return { kind: (status & repaired) === 0 ? "clean" : "repaired" };
}

function reportOf({ stdout, stderr }: ExecResult): string {
  return `${stdout}\n${stderr}`.trim().slice(-4000);
}
