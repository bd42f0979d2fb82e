/**
 * What the node services share: which mounts are a volume's own, also when its device is gone.
 *
 * Z1  A device number counts as the volume's own only while no other namespace bears it: the kernel gives it away again
 *     after the last holder let go.
 */
import { sameDevice } from "../domain/device-number.ts";
import type { Uuid } from "../domain/identity.ts";
import type { DeviceNumber } from "../domain/model.ts";
import type { Mount } from "../filesystem/index.ts";
import type { JournalEntry } from "../node-journal/index.ts";
import type { Initiator } from "../nvme/index.ts";

/** A device by what the mount table shows of it. */
export interface SeenDevice {
  readonly path: string;
  readonly number: DeviceNumber;
}

/** Whether a mount shows a device: its file system, or its device node for raw block (`//deleted` once it is gone). */
export function shows(mount: Mount, { path, number }: SeenDevice): boolean {
  if (sameDevice(mount.device, number)) return true;
  const name = path.slice(path.lastIndexOf("/"));
  return mount.type === "devtmpfs" && (mount.root === name || mount.root === `${name}//deleted`);
}

export function showsAny(mount: Mount, devices: readonly SeenDevice[]): boolean {
  return devices.some((device) => shows(mount, device));
}

/** Devices of the journal that are this volume's still, or nobody's (Z1). */
export async function journaledDevices(
  initiator: Initiator,
  uuid: Uuid,
  entry: JournalEntry | undefined,
): Promise<readonly SeenDevice[]> {
  const own: SeenDevice[] = [];
  for (const device of entry?.devices ?? []) {
    const bearer = await initiator.namespaceAt(device.number);
    if (bearer === undefined || bearer === uuid) own.push(device);
  }
  return own;
}

/** Whether a mount, or the file system under it, takes no writes. */
export function isReadOnly(mount: Mount): boolean {
  return mount.options.includes("ro") || mount.superOptions.includes("ro");
}
