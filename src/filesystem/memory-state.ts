/** What the file systems without a kernel share: what is on which device, by number, and the table of mounts. */
import { sameDevice } from "../domain/device-number.ts";
import type { Bytes } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import type { DeviceNumber } from "../domain/model.ts";
import type { DeviceName, Mount, Signature } from "./index.ts";
import { topMountAt, usersOf } from "./mountinfo.ts";

export class MemoryState {
  readonly signatures = new Map<string, Signature>();
  readonly intents = new Map<string, Buffer>();
  /** Of the file system on a device. */
  readonly sizes = new Map<string, Bytes>();
  mounts: readonly Mount[] = [];

  addMount(mount: Mount, readOnly: boolean): void {
    const present = topMountAt(this.mounts, mount.path);
    if (present === undefined) {
      this.mounts = [...this.mounts, mount];
      return;
    }
    const isSame = sameDevice(present.device, mount.device) && present.root === mount.root;
    if (isSame && present.options.includes("ro") === readOnly) return;
    if (isSame && readOnly) {
      this.mounts = this.mounts.map((other) => (other === present ? mount : other));
      return;
    }
    const rule = `something else is mounted on ${mount.path}`;
    throw failure("in_use", { cannot: `mount ${mount.source}`, rule, got: present.source });
  }

  /** A bind of the device node holds nothing, as with the kernel. */
  isMounted({ number }: DeviceName): boolean {
    return this.mounts.some((mount) => sameDevice(mount.device, number));
  }

  refuseIfMounted(device: DeviceName, verb: string): void {
    if (!this.isMounted(device)) return;
    const got = usersOf(this.mounts, device);
    throw failure("in_use", { cannot: `${verb} ${device.path}`, rule: "it must not be mounted", got });
  }
}

/** A call takes effect in one step, after the caller has let go: no await lies between a check and what it allows. */
export async function turn(signal: AbortSignal): Promise<void> {
  await Promise.resolve();
  signal.throwIfAborted();
}

export function keyOf({ major, minor }: DeviceNumber): string {
  return `${major}:${minor}`;
}
