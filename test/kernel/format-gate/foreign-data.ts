/** What may lie on a device that was never formatted by this driver: how it gets there, and what a refusal calls it. */
import { isLongRound } from "../../support/long-round.ts";
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

function unknown(name: string, firstByte: number, write: string): ForeignData {
  const found = new RegExp(`the device holds data that nothing recognises, at byte ${firstByte}$`);
  return { name, write, found, contentType: "unknown" };
}

/** Sixteen bytes: too few to be taken for a known format by chance, and none of them zero. */
function bytesAt(offset: number): ForeignData {
  return unknown(
    `random bytes at ${offset}`,
    offset,
    `head -c 999 /dev/urandom | tr -d '\\0' | head -c 16 |
      dd of="$1" bs=16 seek=${offset} oflag=seek_bytes conv=notrunc,fsync status=none`,
  );
}

function made(contentType: string, write: string): ForeignData {
  const found = new RegExp(`the device holds ${contentType}, not ext4$`);
  return { name: contentType, write, found, contentType };
}

/** In the first 2 MiB. */
export const bytesInHead = [0, 512, KiB, 4 * KiB].map(bytesAt);

/** Backup superblocks of ext4 with blocks of 1 and of 4 KiB, the last MiB and the last bytes. */
export const bytesElsewhere = [8 * MiB + KiB, 128 * MiB, volumeBytes - MiB, volumeBytes - 16].map(bytesAt);

/** Its magic lies behind the first 2 MiB, where only blkid looks. */
export const vmfs = made(
  "VMFS",
  `printf '\\x5e\\xf1\\xab\\x2f' | dd of="$1" bs=1M seek=2 conv=notrunc,fsync status=none`,
);

const xfs = made("xfs", `mkfs.xfs -q -f "$1"`);

const btrfs = made("btrfs", `mkfs.btrfs -q -f "$1"`);

const lvm = made("LVM2_member", `disk=$(losetup --find --show "$1"); pvcreate -qq "$disk"; losetup --detach "$disk"`);

/** A node sees sectors of 4 KiB, a loop device with 512 bytes as well; a table for the one is none for the other. */
const partition = (sectorSize: number) =>
  `disk=$(losetup --find --show --sector-size ${sectorSize} "$1"); echo "label: gpt" | sfdisk -q "$disk"; losetup --detach "$disk"`;

const gpt: ForeignData = { ...made("gpt", partition(4096)), contentType: "PMBR" };

/** Begins in the first 2 MiB, and blkid on the node has a name for it: two guards see it. */
export const named: readonly ForeignData[] = [xfs, btrfs, lvm, gpt];

const headless = `mkfs.ext4 -q -b 4096 "$1"; fallocate --punch-hole --offset 0 --length 2MiB "$1"`;

/** ext4 leaves the first KiB to boot loaders; the superblock of xfs fits in. Of two file systems blkid names none. */
const two = `mkfs.ext4 -q -b 4096 "$1"; mkfs.xfs -q -d file,name="$1.xfs",size=320m;
  dd if="$1.xfs" of="$1" bs=512 count=1 conv=notrunc,fsync status=none; rm "$1.xfs"`;

const shownOfEach = isLongRound ? undefined : 1;

/** The nameless come first: the target keeps a name that it once gave to the content of a volume. */
export const foreignData: readonly ForeignData[] = [
  ...bytesInHead.slice(0, shownOfEach),
  ...bytesElsewhere.slice(0, shownOfEach),
  unknown("ext4 with the superblock of an xfs before it", 0, two),
  unknown("ext4 that lost its first 2 MiB, superblock included", 128 * MiB, headless),
  ...named,
  { ...made("PMBR", partition(512)), name: "gpt of a disk with sectors of 512 bytes", contentType: "gpt" },
  vmfs,
];
