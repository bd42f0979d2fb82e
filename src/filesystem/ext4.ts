/** ext4, with e2fsck before every read-write mount (DESIGN 5, fsck). */
import { failure } from "../domain/errors.ts";
import type { Ask } from "../host/converse.ts";
import { runHolding } from "../host/direct-io.ts";
import type { ExecResult } from "../host/exec.ts";
import { removeFile, statOf } from "../host/files.ts";
import { reportOf, type CheckRequest, type FilesystemKind } from "./filesystem-kind.ts";
import type { CheckResult } from "./index.ts";

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

const extended = "nodiscard,lazy_itable_init=1,lazy_journal_init=1";

/** Bits of e2fsck's exit status, e2fsck(8). */
const repaired = 1;
const rebootAdvised = 2;
const uncorrected = 4;
const operational = 8 | 16 | 32 | 128;

export const ext4: FilesystemKind = {
  type: "ext4",
  // It has no need of force: without a terminal it asks nothing, which also means that this protects nothing.
  mkfs: ({ path, uuid, options: { ext4: own } }) => [
    "mkfs.ext4",
    ...["-q", "-b", "4096", "-I", "256", "-m", String(own.reservedPercent), "-i", String(own.bytesPerInode)],
    ...["-U", uuid, "-E", extended, "-O", features.join(","), path],
  ],
  check: checkExt4,
  diagnose: (path) => ["e2fsck", "-f", "-n", path],
  damagedStatus: uncorrected,
  grow: (device) => ["resize2fs", device],
  options: ["errors=remount-ro"],
};

/**
 * Repairs what is safe to repair without a question (-p). Anything else is `damaged`, never repaired by force, and left
 * as it was found: before e2fsck gives up it may have mended the rest of it, or thrown a damaged journal away.
 */
async function checkExt4(ask: Ask, { path, undoFile }: CheckRequest, signal: AbortSignal): Promise<CheckResult> {
  const undoFiles = [undoFile, `${undoFile}.again`] as const;
  try {
    // Of a check that was killed.
    for (const file of undoFiles) await removeFile(file);
    const result = await checkTwice(ask, path, undoFiles, signal);
    return result.kind === "damaged" ? await takeBack(ask, { path, undoFiles, result }, signal) : result;
  } finally {
    for (const file of undoFiles) await removeFile(file);
  }
}

async function checkTwice(
  ask: Ask,
  path: string,
  [firstUndo, secondUndo]: readonly [string, string],
  signal: AbortSignal,
): Promise<CheckResult> {
  const first = await fsck(ask, { path, undoFile: firstUndo }, signal);
  if ((first.status & rebootAdvised) === 0) return first.result;
  const second = await fsck(ask, { path, undoFile: secondUndo }, signal);
  if ((second.status & rebootAdvised) === 0)
    return second.result.kind === "clean" ? { kind: "repaired" } : second.result;
  return { kind: "damaged", report: reportOf(second.output) };
}

async function fsck(ask: Ask, { path, undoFile }: CheckRequest, signal: AbortSignal) {
  const output = await runHolding(ask, ["e2fsck", "-p", "-z", undoFile, path], { signal });
  const status = output.exitCode;
  if (status === undefined || (status & operational) !== 0) {
    const got = status ?? output.signal;
    throw failure("unavailable", { cannot: `check ${path} with e2fsck`, rule: reportOf(output), got });
  }
  return { status, output, result: verdict(status, output) };
}

function verdict(status: number, output: ExecResult): CheckResult {
  if ((status & uncorrected) !== 0) return { kind: "damaged", report: reportOf(output) };
  return { kind: (status & repaired) === 0 ? "clean" : "repaired" };
}

interface Damage {
  readonly path: string;
  /** In the order in which they were written; a run that changed nothing wrote none. */
  readonly undoFiles: readonly string[];
  readonly result: Extract<CheckResult, { kind: "damaged" }>;
}

async function takeBack(ask: Ask, { path, undoFiles, result }: Damage, signal: AbortSignal): Promise<CheckResult> {
  for (const file of undoFiles.toReversed()) {
    if ((await statOf(file)) === undefined) continue;
    const undone = await runHolding(ask, ["e2undo", file, path], { signal });
    if (undone.exitCode === 0) continue;
    return { kind: "damaged", report: `${result.report}\nits changes could not be taken back: ${reportOf(undone)}` };
  }
  return result;
}
