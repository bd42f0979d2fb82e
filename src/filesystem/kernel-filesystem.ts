/**
 * File systems of this host's kernel: mounts and the kernel's own tables; what is done on a device lies in
 * kernel-device.ts.
 */
import { basename, join } from "node:path";
import { failure } from "../domain/errors.ts";
import type { Children } from "../host/child-pool.ts";
import { canClaim, holdDevice } from "../host/direct-io.ts";
import type { Exec } from "../host/exec.ts";
import { errorCode, statOf } from "../host/files.ts";
import { listEntries, readAttribute } from "../host/read-attribute.ts";
import { nodeAt, withDeadNodes } from "./device-nodes.ts";
import type { BindRequest, BlockDevice, DeviceName, Filesystem, HeldDevice, Mount, SpaceUsage } from "./index.ts";
import { KernelDevice, type DeviceContext } from "./kernel-device.ts";
import { readMounts, usersOf } from "./mountinfo.ts";
import { bindPath, unmountPath } from "./mounter.ts";
import { usageOf } from "./usage.ts";

export interface KernelFilesystemOptions {
  readonly exec: Exec;
  readonly children: Children;
  /** Of this process alone; must exist. */
  readonly undoDirectory: string;
  /** Where sysfs is mounted; `/sys`. */
  readonly sys?: string;
  /** Where proc is mounted; `/proc`. */
  readonly proc?: string;
}

export class KernelFilesystem implements Filesystem {
  readonly #children: Children;
  readonly #sys: string;
  readonly #mounter: DeviceContext;

  constructor({ exec, children, undoDirectory, sys = "/sys", proc = "/proc" }: KernelFilesystemOptions) {
    this.#children = children;
    this.#sys = sys;
    this.#mounter = { exec, proc, sys, undoDirectory };
  }

  anticipate(): void {
    this.#children.prepare();
  }

  async hold(device: BlockDevice, signal: AbortSignal): Promise<HeldDevice> {
    return new KernelDevice(this.#mounter, device, await holdDevice(this.#children.talk, device, { signal }));
  }

  async nodeOf(device: DeviceName): Promise<number> {
    const node = await nodeAt(device.path, device);
    if (node !== undefined) return node;
    const { path, number } = device;
    const rule = `it must be the node of device ${number.major}:${number.minor}`;
    throw failure("unavailable", { cannot: `bind ${path}`, rule });
  }

  async bind(request: BindRequest, signal: AbortSignal): Promise<void> {
    await bindPath(this.#mounter, request, signal);
  }

  async unmount(path: string, signal: AbortSignal): Promise<void> {
    await unmountPath(this.#mounter, path, signal);
  }

  async mounts(): Promise<readonly Mount[]> {
    return await withDeadNodes(await readMounts(this.#mounter.proc));
  }

  /** R8, V15: a superblock outlives its mounts in hung unmounts, other mount namespaces and lazy unmounts. */
  async isReleased(device: DeviceName, signal: AbortSignal): Promise<boolean> {
    const { path, number } = device;
    const name = basename(path);
    const named = readAttribute(join(this.#sys, "class/block", name, "dev"));
    // The kernel gives a name to another device only after the last holder of the old one let go.
    if (named !== undefined && named !== `${number.major}:${number.minor}`) return true;
    if (this.#hasSuperblock(name)) return false;
    return await canClaim(this.#children.ask, device, { signal });
  }

  #hasSuperblock(name: string): boolean {
    const fs = join(this.#sys, "fs");
    const members = listEntries(join(fs, "btrfs")).flatMap((uuid) => listEntries(join(fs, "btrfs", uuid, "devices")));
    return [...listEntries(join(fs, "ext4")), ...listEntries(join(fs, "xfs")), ...members].includes(name);
  }

  async holders(device: DeviceName): Promise<readonly string[]> {
    const name = basename(device.path);
    const stacked = listEntries(join(this.#sys, "class/block", name, "holders"));
    return [...stacked, ...usersOf(await readMounts(this.#mounter.proc), device)];
  }

  /** docs/kernel-facts.md: stat of its root fails with EIO. */
  async isShutDown(path: string): Promise<boolean> {
    try {
      await statOf(path);
      return false;
    } catch (error) {
      if (errorCode(error) === "EIO") return true;
      throw error;
    }
  }

  async usage(path: string): Promise<readonly SpaceUsage[]> {
    return await usageOf(path);
  }
}
