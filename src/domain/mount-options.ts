/**
 * Mount options that a StorageClass or a PersistentVolume may ask for: an allow-list, because an option can also name
 * another device, a journal on another disk or a security label.
 */
import { failure } from "./errors.ts";

const flags = new Set([
  "async",
  "atime",
  "auto_da_alloc",
  "barrier",
  "data=ordered",
  "delalloc",
  "diratime",
  "dirsync",
  "discard",
  "errors=remount-ro",
  "exec",
  "lazytime",
  "noatime",
  "nodelalloc",
  "nodev",
  "nodiratime",
  "nodiscard",
  "noexec",
  "nolazytime",
  "norelatime",
  "nostrictatime",
  "nosuid",
  "relatime",
  "rw",
  "strictatime",
  "sync",
]);
const numbered = ["commit", "inode_readahead_blks", "max_batch_time", "min_batch_time", "stripe"];

export const mountOptionNames: readonly string[] = [...flags, ...numbered.map((name) => `${name}=N`)];

function isAllowed(option: string): boolean {
  const [name = "", value = ""] = option.split("=");
  return flags.has(option) || (numbered.includes(name) && /^\d{1,6}$/.test(value) && option === `${name}=${value}`);
}

/**
 * The options, without repeats; an invalid_argument error names the first that is not allowed, without its value: mount
 * flags may hold secrets.
 */
export function parseMountOptions(options: readonly string[]): readonly string[] {
  const parts = options.flatMap((option) => option.split(","));
  const bad = parts.find((option) => !isAllowed(option));
  if (bad !== undefined) {
    const rule = `mount_flags may hold only ${mountOptionNames.join(", ")}`;
    throw failure("invalid_argument", { cannot: "use the mount options", rule, got: bad.split("=")[0] });
  }
  return [...new Set(parts)];
}
