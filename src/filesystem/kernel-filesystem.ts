/**
 * File systems of this host's kernel: mounts and the kernel's own tables; what is done on a device lies in
 * kernel-device.ts.
 */
import { basename, join } from "node:path";
import type { Children } from "../host/child-pool.ts";
import { canClaim, holdDevice } from "../host/direct-io.ts";
import type { Exec } from "../host/exec.ts";
import { errorCode, listNames, readText, statOf } from "../host/files.ts";
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

  async bind(request: BindRequest, signal: AbortSignal): Promise<void> {
    await bindPath(this.#mounter, request, signal);
  }

  async unmount(path: string, signal: AbortSignal): Promise<void> {
    await unmountPath(this.#mounter, path, signal);
  }

  async mounts(): Promise<readonly Mount[]> {
    return await readMounts(this.#mounter.proc);
  }

  /** R8, V15: a superblock outlives its mounts in hung unmounts, other mount namespaces and lazy unmounts. */
  async isReleased(device: DeviceName, signal: AbortSignal): Promise<boolean> {
    const { path, number } = device;
    const name = basename(path);
    const named = await readText(join(this.#sys, "class/block", name, "dev"));
    // The kernel gives a name to another device only after the last holder of the old one let go.
    if (named !== undefined && named !== `${number.major}:${number.minor}`) return true;
    if (await this.#hasSuperblock(name)) return false;
    return await canClaim(this.#children.ask, device, { signal });
  }

  async #hasSuperblock(name: string): Promise<boolean> {
    const fs = join(this.#sys, "fs");
    const [ext4, xfs, btrfs] = await Promise.all(["ext4", "xfs", "btrfs"].map((type) => listNames(join(fs, type))));
    if (ext4?.includes(name) === true || xfs?.includes(name) === true) return true;
    const members = await Promise.all((btrfs ?? []).map((uuid) => listNames(join(fs, "btrfs", uuid, "devices"))));
    return members.flat().includes(name);
  }

  async holders(device: DeviceName): Promise<readonly string[]> {
    const name = basename(device.path);
    const [stacked, mounts] = await Promise.all([
      listNames(join(this.#sys, "class/block", name, "holders")),
      readMounts(this.#mounter.proc),
    ]);
    return [...stacked, ...usersOf(mounts, device)];
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
