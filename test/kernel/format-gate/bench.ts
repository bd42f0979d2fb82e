/**
 * The machine of the format gate's tests: its pool lies on a device-mapper device, so that sectors of a backing file
 * can be made unreadable, and a second disk stands by that no volume may ever touch.
 */
import type { Machine } from "../../lab/machine.ts";
import { startGuestDriver, type GuestDriver } from "../../support/guest-driver.ts";
import { mapPool, poolDisk } from "../../support/mapped-pool.ts";
import { GateVolume, type GateVolumeOptions } from "./gate-volume.ts";

export interface GateBench extends AsyncDisposable {
  readonly guest: GuestDriver;
  readonly machine: Machine;
  /** A blank disk that belongs to nobody. */
  readonly bystander: string;
  /** A new volume; disposing it deletes it again. */
  volume(options?: GateVolumeOptions): Promise<GateVolume>;
  /** Makes the first 4 KiB of a backing file unreadable, or with `undefined` everything readable again. */
  failHead(file: string | undefined): Promise<void>;
}

export async function openBench(signal: AbortSignal): Promise<GateBench> {
  await using stack = new AsyncDisposableStack();
  const guest = stack.use(await startGuestDriver({ disks: [{ sizeMiB: 320 }], signal }));
  const { machine } = guest;
  const [, bystander = ""] = machine.disks;
  const { disk, sectors } = await poolDisk(guest);
  await mapPool(guest, [{ name: "pool", table: tableOf(disk, sectors) }]);
  const held = stack.move();
  return {
    guest,
    machine,
    bystander,
    volume: async (options = {}) => GateVolume.create(guest, options),
    failHead: async (file) => {
      const bad = file === undefined ? undefined : await headSector(machine, file);
      await machine.exec(["dmsetup", "load", "pool"], { stdin: tableOf(disk, sectors, bad) });
      await machine.exec(["dmsetup", "resume", "pool"]);
    },
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}

const sectorsPerBlock = 8;

function tableOf(disk: string, sectors: number, bad?: number): string {
  if (bad === undefined) return `0 ${sectors} linear ${disk} 0\n`;
  const rest = bad + sectorsPerBlock;
  const lines = [`0 ${bad} linear ${disk} 0`, `${bad} ${sectorsPerBlock} error`];
  return `${[...lines, `${rest} ${sectors - rest} linear ${disk} ${rest}`].join("\n")}\n`;
}

/** Where the file's first block lies on the pool's device. */
async function headSector(machine: Machine, file: string): Promise<number> {
  const { stdout } = await machine.exec(["xfs_io", "-r", "-c", "fiemap -v", file]);
  const [, sector] = /^\s*0: \[0\.\.\d+\]:\s+(\d+)\.\.\d+/m.exec(stdout) ?? [];
  if (sector === undefined)
    throw new Error(`cannot find the first block of ${file}: it must be allocated; got ${stdout}`);
  return Number(sector);
}
