/** Device numbers: how the kernel tells block devices apart at one moment. */
import type { DeviceNumber } from "./model.ts";

export function sameDevice(a: DeviceNumber, b: DeviceNumber): boolean {
  return a.major === b.major && a.minor === b.minor;
}

/** The numbers in an `st_rdev`, as Linux packs them (makedev(3)). */
export function numberOf(rdev: bigint): DeviceNumber {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}
