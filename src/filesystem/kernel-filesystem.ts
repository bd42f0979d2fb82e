/**
 * File systems of this host's kernel: composes direct reads, blkid, e2fsprogs, mount and the kernel's own tables.
 */
import { basename, join } from "node:path";
import type { Bytes } from "../domain/capacity.ts";
import { DomainError } from "../domain/errors.ts";
import { gateRegions } from "../domain/gate-regions.ts";
import type { FilesystemType } from "../domain/model.ts";
import { probeSignature } from "../host/blkid.ts";
import { canClaim, expectationOf, readRegions } from "../host/direct-io.ts";
import type { Exec } from "../host/exec.ts";
import { listNames, readText } from "../host/files.ts";
import { checkExt4, makeExt4 } from "./ext4.ts";
import type {
  BindRequest,
  BlockDevice,
  DeviceName,
  CheckResult,
  Evidence,
  Filesystem,
  Mount,
  MountRequest,
  SpaceUsage,
} from "./index.ts";
import { readMounts, usersOf } from "./mountinfo.ts";
import { bindPath, mountDevice, unmountPath, type MounterContext } from "./mounter.ts";
import { usageOf } from "./usage.ts";

export interface KernelFilesystemOptions {
  readonly exec: Exec;
  /** Where sysfs is mounted; `/sys`. */
  readonly sys?: string;
  /** Where proc is mounted; `/proc`. */
  readonly proc?: string;
}

export class KernelFilesystem implements Filesystem {
  readonly #exec: Exec;
  readonly #sys: string;
  readonly #mounter: MounterContext;

  constructor({ exec, sys = "/sys", proc = "/proc" }: KernelFilesystemOptions) {
    this.#exec = exec;
    this.#sys = sys;
    this.#mounter = { exec, proc, sys };
  }

  /** Reads exclusively: a device that something holds gives no evidence. */
  async inspect(device: BlockDevice, blankSizes: readonly Bytes[], signal: AbortSignal): Promise<Evidence> {
    const { path, size } = device;
    try {
      const regions = gateRegions(size, blankSizes);
      const expect = expectationOf(device);
      const reading = await readRegions(this.#exec, { path, expect, exclusive: true, regions }, { signal });
      if (reading.kind === "unreadable") return { kind: "unreadable", reason: `${reading.code}: ${reading.reason}` };
      const signature = await probeSignature(this.#exec, path, { signal });
      return { ...reading, ...(signature !== undefined && { signature }) };
    } catch (error) {
      if (signal.aborted || !(error instanceof DomainError)) throw error;
      return { kind: "unreadable", reason: error.message };
    }
  }

  async make(device: BlockDevice, type: FilesystemType, uuid: string, signal: AbortSignal): Promise<void> {
    await makers[type](this.#exec, device, uuid, signal);
  }

  async check(device: BlockDevice, type: FilesystemType, signal: AbortSignal): Promise<CheckResult> {
    return await checkers[type](this.#exec, device, signal);
  }

  async mount(request: MountRequest, signal: AbortSignal): Promise<void> {
    await mountDevice(this.#mounter, request, signal);
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
    return await canClaim(this.#exec, device, { signal });
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

  async usage(path: string): Promise<readonly SpaceUsage[]> {
    return await usageOf(path);
  }
}

/** One entry for each file system: a new one does not compile without both. */
const makers: Readonly<Record<FilesystemType, typeof makeExt4>> = { ext4: makeExt4 };
const checkers: Readonly<Record<FilesystemType, typeof checkExt4>> = { ext4: checkExt4 };
