/** What may be on a device, and what may be wrong with it: shell commands that make such a device in the lab. */

export const volumeMiB = 320;
const MiB = 2 ** 20;

/** Bash; `$1` is a sparse file, of 320 MiB or of twice that. A node sees sectors of 4 KiB. */
export const contents = {
  ext4: `mkfs.ext4 -q -b 4096 "$1"`,
  xfs: `mkfs.xfs -q -s size=4096 "$1"`,
  btrfs: `mkfs.btrfs -q "$1"`,
  lvm: `disk=$(losetup --find --show "$1"); pvcreate -qq "$disk"; losetup --detach "$disk"`,
  gpt: `disk=$(losetup --find --show --sector-size 4096 "$1"); printf 'label: gpt\\n- -\\n' | sfdisk -q "$disk"; losetup --detach "$disk"`,
  mbr: `disk=$(losetup --find --show --sector-size 4096 "$1"); printf 'label: dos\\n- -\\n' | sfdisk -q "$disk"; losetup --detach "$disk"`,
  luks: `echo secret | cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 "$1" -`,
  swap: `mkswap -q --pagesize 4096 "$1"`,
  random: `for at in 0 64 80 128 $(($(stat -c %s "$1") / ${MiB} - 4)); do
    dd if=/dev/urandom of="$1" bs=1M count=4 seek=$at conv=notrunc status=none; done`,
  zero: ":",
} as const;
export type Content = keyof typeof contents;
export const contentNames = Object.keys(contents) as readonly Content[];

interface Damage {
  /** Bash; `$1` is the file with the content. */
  readonly script?: string;
  /** The content was made on a device of this size. */
  readonly madeMiB?: number;
  /** MiB from the start where 4 KiB cannot be read. */
  readonly unreadableAt?: number;
  /** The namespace has the UUID of another volume. */
  readonly isStranger?: true;
  /** What the context says of the size. */
  readonly saidMiB?: number;
}

const punch = (offset: string, length: string) => `fallocate --punch-hole --offset ${offset} --length ${length} "$1"`;

export const damages = {
  whole: {},
  "head only": { script: punch("2MiB", `${volumeMiB - 2}MiB`) },
  "tail only": { script: punch("0", `${volumeMiB - 2}MiB`) },
  "backup only": { script: `${punch("0", "2MiB")}; ${punch(`${volumeMiB - 2}MiB`, "2MiB")}` },
  "unreadable head": { unreadableAt: 0 },
  "unreadable middle": { unreadableAt: 128 },
  "short device": { madeMiB: 2 * volumeMiB, script: `truncate -s ${volumeMiB}M "$1"` },
  "wrong uuid": { isStranger: true },
  "wrong size": { saidMiB: 2 * volumeMiB },
} as const satisfies Readonly<Record<string, Damage>>;
export type DamageName = keyof typeof damages;
export const damageNames = Object.keys(damages) as readonly DamageName[];

export function damageOf(name: DamageName): Damage {
  return damages[name];
}
