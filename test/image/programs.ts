/**
 * What each program of the image must do there: real work on files, as a program that only prints its version may still
 * miss a library, a configuration file or a helper.
 */

export interface ProgramCheck {
  readonly argv: readonly [string, ...string[]];
  readonly stdin?: string;
  /** What standard output must match; every check must end with status 0. */
  readonly says: RegExp;
}

const shell = (script: string): readonly [string, ...string[]] => ["sh", "-euc", script];
const uuid = "f75afd0b-5821-5535-9ee4-388311f00d1b";

/** The table that the driver writes while it restores exports (src/target-agent/listener-gate.ts). */
const table = `add table inet nvmetcp_csi
delete table inet nvmetcp_csi
table inet nvmetcp_csi { chain input { type filter hook input priority -10; policy accept;
  tcp dport { 4420 } tcp flags syn reject with tcp reset; }; }
`;

/** Program -> check. Those that src/ runs are all here; image.test.ts compares. */
export const programs: Readonly<Record<string, ProgramCheck>> = {
  tini: { argv: ["tini", "--", "echo", "reaped"], says: /^reaped$/m },
  node: { argv: ["node", "--version"], says: /^v24\./ },
  // Where the kernel has no door to its initiator, nothing takes its place.
  dd: {
    argv: shell(
      `printf x | dd of=/tmp/door bs=4096 count=1 iflag=fullblock conv=nocreat,notrunc status=none 2>&1 || ls /tmp`,
    ),
    says: /^dd: failed to open '\/tmp\/door': No such file or directory\n$/,
  },
  nft: { argv: ["nft", "--check", "-f", "-"], stdin: table, says: /^$/ },
  flock: {
    argv: ["flock", "--wait", "5", "--conflict-exit-code", "75", "/run", "cat"],
    stdin: "held\n",
    says: /^held$/m,
  },
  mount: {
    argv: shell("mkdir /tmp/at; mount -t tmpfs none /tmp/at; mount --bind /run /tmp/at; mount"),
    says: /tmp\/at/,
  },
  umount: { argv: shell("mount --bind /tmp /run; umount /run; echo done"), says: /^done$/m },
  "mkfs.ext4": {
    argv: shell(`truncate -s 320M /tmp/d; mkfs.ext4 -q -U ${uuid} /tmp/d; dumpe2fs -h /tmp/d`),
    says: new RegExp(`UUID: +${uuid}[^]*metadata_csum`),
  },
  e2fsck: { argv: shell("truncate -s 320M /tmp/d; mkfs.ext4 -q /tmp/d; e2fsck -f -p /tmp/d"), says: /files/ },
  e2undo: {
    argv: shell(
      "truncate -s 64M /tmp/d; mkfs.ext4 -q /tmp/d; e2fsck -f -p -z /tmp/u /tmp/d; e2undo -v /tmp/u /tmp/d 2>&1",
    ),
    says: /^Replayed block/m,
  },
  resize2fs: {
    argv: shell("truncate -s 64M /tmp/d; mkfs.ext4 -q /tmp/d; truncate -s 96M /tmp/d; resize2fs /tmp/d 2>&1"),
    says: /blocks long/,
  },
  blkid: {
    argv: shell(`truncate -s 320M /tmp/d; mkfs.ext4 -q -U ${uuid} /tmp/d; blkid -p -o export /tmp/d`),
    says: new RegExp(`UUID=${uuid}[^]*TYPE=ext4`),
  },
  "mkfs.xfs": {
    argv: shell("truncate -s 320M /tmp/d; mkfs.xfs -q /tmp/d; blkid -p -o export /tmp/d"),
    says: /TYPE=xfs/,
  },
  xfs_repair: {
    argv: shell("truncate -s 320M /tmp/d; mkfs.xfs -q /tmp/d; xfs_repair -n /tmp/d 2>&1"),
    says: /Phase 7/,
  },
  xfs_growfs: { argv: ["xfs_growfs", "-V"], says: /version/ },
  "mkfs.btrfs": {
    argv: shell("truncate -s 320M /tmp/d; mkfs.btrfs -q /tmp/d; blkid -p -o export /tmp/d"),
    says: /TYPE=btrfs/,
  },
  btrfs: {
    argv: shell("truncate -s 320M /tmp/d; mkfs.btrfs -q /tmp/d; btrfs check /tmp/d 2>&1"),
    says: /no error found/,
  },
  // Without device-mapper it gets as far as its own settings; thin_check is what it runs before it opens a thin pool.
  lvm: {
    argv: shell("lvm lvmconfig --typeconfig full global/thin_check_executable; thin_check --version"),
    says: /thin_check_executable="\/usr\/sbin\/thin_check"\n[\d.]+/,
  },
  dmsetup: { argv: shell("dmsetup version 2>&1 || true"), says: /Library version/ },
  // Of a file it says that this is none of its business.
  blkdiscard: { argv: shell("truncate -s 4M /tmp/d; blkdiscard /tmp/d 2>&1 || true"), says: /not a block device/ },
  // Of a file with the size that it has: what the fence waits with (src/target-agent/layers/file-layer.ts).
  truncate: {
    argv: shell("echo kept > /tmp/d; truncate --no-create --size=+0 /tmp/d /tmp/no; test ! -e /tmp/no; cat /tmp/d"),
    says: /^kept$/m,
  },
  // Kernels of distributions compress their modules with either.
  modprobe: { argv: ["modprobe", "--version"], says: /\+ZSTD \+XZ/ },
  // libkmod opens these two by name while it runs.
  modinfo: {
    argv: shell("for l in liblzma.so.5 libzstd.so.1; do test -s /lib/*-linux-gnu/$l; done; echo ok"),
    says: /ok/,
  },
  lsmod: { argv: shell("lsmod 2>&1 || true"), says: /^Module|\/proc\/modules/ },
  setpriv: { argv: ["setpriv", "--bounding-set", "-all", "--no-new-privs", "id", "-u"], says: /^0$/m },
  findmnt: { argv: ["findmnt", "--noheadings", "--output", "FSTYPE", "/tmp"], says: /tmpfs/ },
  blockdev: { argv: ["blockdev", "--version"], says: /util-linux/ },
  lsblk: { argv: ["lsblk", "--version"], says: /util-linux/ },
  fsfreeze: { argv: ["fsfreeze", "--version"], says: /util-linux/ },
  fstrim: { argv: ["fstrim", "--version"], says: /util-linux/ },
  losetup: { argv: ["losetup", "--version"], says: /util-linux/ },
  grep: { argv: ["grep", "-w", "root", "/etc/passwd"], says: /^root:/ },
};
