/** Btrfs on one device. Its log is replayed by the kernel's mount; `btrfs check` is never run but to look. */
import type { FilesystemKind } from "./filesystem-kind.ts";

/** Without block-group-tree, which Linux 5.15 does not know. */
const features = "extref,skinny-metadata,no-holes,free-space-tree,^block-group-tree";

export const btrfs: FilesystemKind = {
  type: "btrfs",
  mkfs: ({ path, uuid, isOver, options: { btrfs: own } }) => [
    "mkfs.btrfs",
    ...["-q", "-K", ...(isOver ? ["-f"] : [])],
    ...["-d", "single", "-m", own.metadataProfile, "-n", String(own.nodeSize), "-s", "4096"],
    ...["--csum", own.checksum, "-O", features, "-U", uuid, path],
  ],
  diagnose: (path) => ["btrfs", "check", "--readonly", path],
  damagedStatus: 1,
  grow: (_device, path) => ["btrfs", "filesystem", "resize", "max", path],
  options: [],
};
