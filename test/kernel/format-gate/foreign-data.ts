/** What may lie on a device that was never formatted by this driver: how it gets there, and what a refusal calls it. */
import { MiB, volumeBytes } from "./gate-volume.ts";

export interface ForeignData {
  readonly name: string;
  /** Bash; `$1` is the backing file. */
  readonly write: string;
  /** What the refusal must name. */
  readonly found: RegExp;
  /** What the target calls it once it has looked. */
  readonly contentType: string;
}

const KiB = 1024;

/** Sixteen bytes: too few to be taken for a known format by chance, and none of them zero. */
function bytesAt(offset: number): ForeignData {
  return {
    name: `random bytes at ${offset}`,
    write: `head -c 999 /dev/urandom | tr -d '\\0' | head -c 16 |
      dd of="$1" bs=16 seek=${offset} oflag=seek_bytes conv=notrunc,fsync status=none`,
    found: new RegExp(`data that nothing recognises, at byte ${offset}$`),
    contentType: "unknown",
  };
}

function made(contentType: string, write: string): ForeignData {
  const found = new RegExp(`the device holds ${contentType}, not ext4$`);
  return { name: contentType, write, found, contentType };
}

/** In the first 2 MiB, in the order of the issue. */
export const bytesInHead = [0, 512, KiB, 4 * KiB].map(bytesAt);

/** Backup superblocks of ext4 with blocks of 1 and of 4 KiB, the last MiB and the last bytes. */
export const bytesElsewhere = [8 * MiB + KiB, 128 * MiB, volumeBytes - MiB, volumeBytes - 16].map(bytesAt);

/** Its magic lies behind the first 2 MiB, where only blkid looks. */
export const vmfs = made(
  "VMFS",
  `printf '\\x5e\\xf1\\xab\\x2f' | dd of="$1" bs=1M seek=2 conv=notrunc,fsync status=none`,
);

export const xfs = made("xfs", `mkfs.xfs -q -f "$1"`);

const lvm = `disk=$(losetup --find --show "$1"); pvcreate -qq "$disk"; losetup --detach "$disk"`;

export const foreignData: readonly ForeignData[] = [
  xfs,
  made("btrfs", `mkfs.btrfs -q -f "$1"`),
  made("LVM2_member", lvm),
  made("gpt", `echo "label: gpt" | sfdisk -q "$1"`),
  vmfs,
  {
    ...made("ambivalent", `mkfs.ext4 -q "$1"; printf XFSB | dd of="$1" conv=notrunc,fsync status=none`),
    name: "ext4 and xfs at once",
  },
  {
    name: "ext4 that lost its first 2 MiB, superblock included",
    write: `mkfs.ext4 -q "$1"; fallocate --punch-hole --offset 0 --length 2MiB "$1"`,
    found: new RegExp(`data that nothing recognises, at byte ${128 * MiB}$`),
    contentType: "unknown",
  },
  ...bytesInHead,
  ...bytesElsewhere,
];
