/**
 * What the guest's root is made of. Any change here, or in the files named here, makes a new image.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export const suite = "trixie";

export const packages = [
  "linux-image-amd64",
  "busybox-static",
  "kmod",
  "iproute2",
  "nftables",
  "procps",
  "util-linux",
  "mount",
  "fdisk",
  "gdisk",
  "libstdc++6",
  "nvme-cli",
  "ktls-utils",
  "e2fsprogs",
  "xfsprogs",
  "btrfs-progs",
  "lvm2",
  "thin-provisioning-tools",
  "dmsetup",
  "cryptsetup-bin",
  "fio",
];

/** Left out while unpacking: what no test reads, and the hook that would build a second initrd for half a minute. */
export const excluded = [
  "/etc/kernel/postinst.d/initramfs-tools",
  "/usr/share/doc/*",
  "/usr/share/man/*",
  "/usr/share/locale/*",
  "/usr/share/info/*",
  "/usr/lib/modules/*/kernel/sound/*",
  "/usr/lib/modules/*/kernel/drivers/gpu/*",
  "/usr/lib/modules/*/kernel/drivers/media/*",
  "/usr/lib/modules/*/kernel/drivers/net/wireless/*",
  "/usr/lib/modules/*/kernel/drivers/infiniband/*",
];

/** What the initrd loads, besides what these need themselves. ext4 asks for crc32c by name, as no modules.dep tells. */
export const initrdModules = ["virtio_blk", "crc32c_generic", "ext4", "overlay", "9pnet_virtio", "9p"];

const files = ["recipe.ts", "root-image.ts", "initrd.ts", "vmlinux.ts", "guest/init.sh"];

/** `more` are packages besides those above. */
export async function recipeHash(more: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(more.join(" "));
  for (const file of files) hash.update(await readFile(join(import.meta.dirname, file)));
  return hash.digest("hex").slice(0, 16);
}
