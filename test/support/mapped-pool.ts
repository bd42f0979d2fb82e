/** Device-mapper devices between the pool of a driver in the lab and its disk: slow, unreadable or suspended sectors. */
import type { GuestDriver } from "./guest-driver.ts";
import { poolPath } from "./guest-pool.ts";

export interface MappedDevice {
  readonly name: string;
  /** As `dmsetup create` reads it. */
  readonly table: string;
}

/** Sectors of 512 bytes of the pool's disk, and its path. */
export async function poolDisk({ machine }: GuestDriver): Promise<{ readonly disk: string; readonly sectors: number }> {
  const [disk = ""] = machine.disks;
  return { disk, sectors: Number((await machine.exec(["blockdev", "--getsz", disk])).stdout) };
}

/** Makes the devices, each on the ones before it, and the last one the pool's, under a driver that is started anew. */
export async function mapPool(guest: GuestDriver, devices: readonly MappedDevice[]): Promise<void> {
  const { machine } = guest;
  await guest.stop();
  await machine.exec(["umount", poolPath]);
  for (const { name, table } of devices) {
    await machine.exec(["dmsetup", "create", name, "--noudevsync"], { stdin: table });
    await machine.exec(["dmsetup", "mknodes"]);
  }
  // A flush of a disk's cache would wait for every device below, a suspended one too: there is no cache to flush.
  await machine.sh(`for cache in /sys/class/block/dm-*/queue/write_cache; do echo write through > $cache; done`);
  await machine.exec(["mount", `/dev/mapper/${devices.at(-1)?.name}`, poolPath]);
  await guest.start();
}

/** Takes the pool and its devices away, under a driver that has stopped. */
export async function unmapPool({ machine }: GuestDriver, devices: readonly MappedDevice[]): Promise<void> {
  await machine.exec(["umount", poolPath]);
  for (const { name } of devices.toReversed()) await machine.exec(["dmsetup", "remove", name]);
}
