/**
 * File systems of this host's kernel: composes direct reads, blkid, e2fsprogs, mount and the kernel's own tables.
 */
import { basename, join } from "node:path";
import { DomainError, failure } from "../domain/errors.ts";
import type { FormatIntent } from "../domain/format-intent.ts";
import { gateRegions } from "../domain/gate-regions.ts";
import type { FilesystemType } from "../domain/model.ts";
import { probeSignature } from "../host/blkid.ts";
import { canClaim, expectationOf, readRegions } from "../host/direct-io.ts";
import type { Exec } from "../host/exec.ts";
import { listNames, readText } from "../host/files.ts";
import { eraseIntent, intentPlaces, judgeIntents, putIntent } from "./device-intents.ts";
import { diagnose, makeFilesystem } from "./filesystem-kind.ts";
import type {
  BindRequest,
  BlockDevice,
  DeviceName,
  CheckResult,
  Evidence,
  Filesystem,
  FormatRequest,
  FoundIntent,
  Inspection,
  Mount,
  MountRequest,
  SpaceUsage,
} from "./index.ts";
import { kinds } from "./kinds.ts";
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
  async inspect(device: BlockDevice, { volume, blankSizes }: Inspection, signal: AbortSignal): Promise<Evidence> {
    const { path, size } = device;
    try {
      const regions = gateRegions(size, blankSizes);
      const places = intentPlaces(size, blankSizes);
      const request = { path, expect: expectationOf(device), exclusive: true, regions, blocks: places };
      const reading = await readRegions(this.#exec, request, { signal });
      if (reading.kind === "unreadable") return { kind: "unreadable", reason: `${reading.code}: ${reading.reason}` };
      const signature = await probeSignature(this.#exec, path, { signal });
      const found = judgeIntents(volume, places, reading);
      return { kind: "read", ...found, ...(signature !== undefined && { signature }) };
    } catch (error) {
      if (signal.aborted || !(error instanceof DomainError)) throw error;
      return { kind: "unreadable", reason: error.message };
    }
  }

  async findIntents(
    device: BlockDevice,
    { volume, blankSizes }: Inspection,
    signal: AbortSignal,
  ): Promise<readonly FoundIntent[]> {
    const { path, size } = device;
    const places = intentPlaces(size, blankSizes);
    const request = { path, expect: expectationOf(device), exclusive: true, regions: [], blocks: places };
    const reading = await readRegions(this.#exec, request, { signal });
    if (reading.kind === "read") return judgeIntents(volume, places, reading).intents;
    throw failure("unavailable", {
      cannot: `look for a format intent on ${path}`,
      rule: reading.reason,
      got: reading.code,
    });
  }

  async putIntent(device: BlockDevice, intent: FormatIntent, signal: AbortSignal): Promise<FoundIntent> {
    return await putIntent(this.#exec, device, intent, signal);
  }

  async eraseIntent(device: BlockDevice, found: FoundIntent, signal: AbortSignal): Promise<void> {
    await eraseIntent(this.#exec, device, found, signal);
  }

  async make(device: BlockDevice, { type, uuid, isOver }: FormatRequest, signal: AbortSignal): Promise<void> {
    await makeFilesystem(this.#exec, device, { kind: kinds[type], uuid, isOver }, signal);
  }

  async check(device: BlockDevice, type: FilesystemType, signal: AbortSignal): Promise<CheckResult> {
    return (await kinds[type].check?.(this.#exec, device, signal)) ?? { kind: "clean" };
  }

  async mount(request: MountRequest, signal: AbortSignal): Promise<void> {
    try {
      await mountDevice(this.#mounter, request, signal);
    } catch (cause) {
      signal.throwIfAborted();
      if (!(cause instanceof DomainError) || cause.kind !== "unavailable") throw cause;
      const { device, type } = request;
      const report = await diagnose(this.#exec, device, kinds[type], signal);
      if (report === undefined) throw cause;
      const rule = `its ${type} file system needs a repair by a person: ${report}`;
      throw failure("precondition", { cannot: `mount ${device.path}`, rule, cause });
    }
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
