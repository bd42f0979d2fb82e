/** Device numbers: how the kernel tells block devices apart at one moment. */
import type { DeviceNumber } from "./model.ts";

export function sameDevice(a: DeviceNumber, b: DeviceNumber): boolean {
  return a.major === b.major && a.minor === b.minor;
}
