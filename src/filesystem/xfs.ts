/** XFS. Its log is replayed by the kernel's mount; xfs_repair is never run but to look. */
import type { FilesystemKind } from "./filesystem-kind.ts";

/** What mkfs.xfs calls lts_5.15, and nothing that a later kernel brought. */
const metadata = "crc=1,finobt=1,inobtcount=1,reflink=1,rmapbt=0,bigtime=1,metadir=0,autofsck=0";
const inodes = "sparse=1,nrext64=0,exchange=0";
const names = "parent=0";

export const xfs: FilesystemKind = {
  type: "xfs",
  mkfs: ({ path, uuid, isOver, options: { xfs: own } }) => [
    "mkfs.xfs",
    ...["-q", "-K", ...(isOver ? ["-f"] : [])],
    ...["-b", "size=4096", "-s", "size=4096", "-m", `${metadata},uuid=${uuid}`],
    ...["-i", `${inodes},maxpct=${own.maxInodePercent}`, "-n", names, path],
  ],
  diagnose: (path) => ["xfs_repair", "-n", path],
  damagedStatus: 1,
  grow: (_device, path) => ["xfs_growfs", "-d", path],
  // A copy has the UUID of its source, and both may be mounted here (V24, F56). That a device is the right one is known
  // by then (R5).
  options: ["nouuid"],
};
