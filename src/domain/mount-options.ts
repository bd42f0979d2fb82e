/**
 * Mount options that a StorageClass or a PersistentVolume may ask for: an allow-list, because an option can also name
 * another device, a journal on another disk or a security label.
 */
import { failure } from "./errors.ts";
import type { FilesystemType } from "./model.ts";

/** `NAME=N` stands for a number of up to six digits. */
const common = [
  ...["async", "atime", "diratime", "dirsync", "discard", "exec", "lazytime", "noatime", "nodev", "nodiratime"],
  ...["nodiscard", "noexec", "nolazytime", "norelatime", "nostrictatime", "nosuid", "relatime", "rw", "strictatime"],
  "sync",
];
const own: Readonly<Record<FilesystemType, readonly string[]>> = {
  ext4: [
    ...["auto_da_alloc", "barrier", "data=ordered", "delalloc", "errors=remount-ro", "nodelalloc"],
    ...["commit=N", "inode_readahead_blks=N", "max_batch_time=N", "min_batch_time=N", "stripe=N"],
  ],
  xfs: ["inode64", "largeio", "nolargeio", "swalloc", "logbufs=N", "logbsize=N"],
  btrfs: [
    ...[
      "autodefrag",
      "noautodefrag",
      "barrier",
      "datacow",
      "datasum",
      "discard=async",
      "discard=sync",
      "flushoncommit",
    ],
    ...["compress", "compress=lzo", "compress=no", "compress=zlib", "compress=zstd", "nodatacow", "ssd", "nossd"],
    ...["commit=N", "max_inline=N", "thread_pool=N"],
  ],
};

export function mountOptionNames(type: FilesystemType): readonly string[] {
  return [...common, ...own[type]].toSorted();
}

function isAllowed(type: FilesystemType, option: string): boolean {
  return mountOptionNames(type).includes(option.replace(/=\d{1,6}$/, "=N")) && !option.endsWith("=N");
}

/**
 * The options, without repeats; an invalid_argument error names the first that is not allowed, without its value: mount
 * flags may hold secrets.
 */
export function parseMountOptions(type: FilesystemType, options: readonly string[]): readonly string[] {
  const parts = options.flatMap((option) => option.split(","));
  const bad = parts.find((option) => !isAllowed(type, option));
  if (bad !== undefined) {
    const rule = `mount_flags for ${type} may hold only ${mountOptionNames(type).join(", ")}`;
    throw failure("invalid_argument", { cannot: "use the mount options", rule, got: bad.split("=")[0] });
  }
  return [...new Set(parts)];
}
