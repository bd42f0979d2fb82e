/** What the node services share: how a volume is called on this host, and where its device is mounted. */
import type { DeviceNumber } from "../domain/model.ts";
import type { Mount } from "../filesystem/index.ts";
import type { NvmeDevice } from "../nvme/index.ts";

export function sameDevice(a: DeviceNumber | undefined, b: DeviceNumber | undefined): boolean {
  return a !== undefined && b !== undefined && a.major === b.major && a.minor === b.minor;
}

/** The mount that is visible at a path: the last one made there. */
export function topMount(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts.findLast((mount) => mount.path === path);
}

/** Whether a mount shows this device: its file system, or its device node for raw block. */
export function shows(mount: Mount, device: NvmeDevice): boolean {
  if (sameDevice(mount.device, device.number)) return true;
  return mount.type === "devtmpfs" && mount.root === `/${device.name}`;
}

/** Whether a mount, or the file system under it, takes no writes. */
export function isReadOnly(mount: Mount): boolean {
  return mount.options.includes("ro") || mount.superOptions.includes("ro");
}
