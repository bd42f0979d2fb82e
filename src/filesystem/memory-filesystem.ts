/**
 * File systems without a kernel, for the memory back end, csi-sanity and fuzzing: a table of formatted devices by
 * number and a table of mounts. Directories and target files belong to the callers, as with the kernel.
 */
import { basename, dirname } from "node:path";
import { sameDevice } from "../domain/device-number.ts";
import { GiB, MiB } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import type { DeviceNumber } from "../domain/model.ts";
import type {
  BindRequest,
  BlockDevice,
  DeviceName,
  Filesystem,
  HeldDevice,
  Mount,
  Signature,
  SpaceUsage,
} from "./index.ts";
import { MemoryDevice } from "./memory-device.ts";
import { keyOf, MemoryState, turn } from "./memory-state.ts";
import { originOf, topMountAt, usersOf } from "./mountinfo.ts";

/** What a bind mount of a device node looks like in a mount table. */
const devtmpfs = { device: { major: 0, minor: 6 }, type: "devtmpfs", source: "devtmpfs" } as const;
const deleted = "//deleted";
const inodeSize = 16n * 1024n;
const usedByEmpty = 24n * MiB;

export interface MemoryFilesystemOptions {
  /** Inode of the node of the device that has a name now; always the same, unless given. */
  readonly nodeOf?: (name: string) => number | undefined;
}

export class MemoryFilesystem implements Filesystem {
  readonly #nodeOf: (name: string) => number | undefined;
  readonly #state = new MemoryState();

  constructor({ nodeOf = () => 1 }: MemoryFilesystemOptions = {}) {
    this.#nodeOf = nodeOf;
  }

  /** What is on a device, for the back end that asks for the content of its volume. */
  signatureOf(number: DeviceNumber): Signature | undefined {
    return this.#state.signatures.get(keyOf(number));
  }

  anticipate(): void {
    // Everything is here already.
  }

  async hold(device: BlockDevice, signal: AbortSignal): Promise<HeldDevice> {
    await turn(signal);
    return new MemoryDevice(this.#state, device);
  }

  async nodeOf({ path }: DeviceName): Promise<number> {
    return await Promise.resolve(this.#nodeAt(path));
  }

  #nodeAt(path: string): number {
    const node = this.#nodeOf(basename(path));
    if (node !== undefined) return node;
    throw failure("unavailable", { cannot: `bind ${path}`, rule: "there must be a device of that name" });
  }

  #bindNode({ source, device, target, readOnly }: BindRequest): void {
    const node = this.#nodeAt(source);
    if (device !== undefined && device.node !== node) {
      throw failure("unavailable", { cannot: `bind ${source}`, rule: `it must be node ${device.node}`, got: node });
    }
    const mount = { ...devtmpfs, root: `/${basename(source)}`, path: target, node };
    this.#state.addMount({ ...mount, options: [readOnly ? "ro" : "rw"], superOptions: ["rw"] }, readOnly);
  }

  async bind(request: BindRequest, signal: AbortSignal): Promise<void> {
    await turn(signal);
    const { source, target, readOnly } = request;
    if (dirname(source) === "/dev") {
      this.#bindNode(request);
      return;
    }
    const options = [readOnly ? "ro" : "rw"];
    const origin = originOf(this.#state.mounts, source);
    const below = this.#state.mounts.find((mount) => origin !== undefined && sameDevice(mount.device, origin.device));
    if (origin === undefined || below === undefined) {
      throw failure("precondition", { cannot: `bind ${source}`, rule: "it must be in a mounted file system" });
    }
    if (below.options.includes("ro") && !readOnly) {
      throw failure("precondition", { cannot: `bind ${source}`, rule: "a read-only mount has no writable bind" });
    }
    this.#state.addMount({ ...below, root: origin.root, path: target, options }, readOnly);
  }

  async unmount(path: string, signal: AbortSignal): Promise<void> {
    await turn(signal);
    const top = topMountAt(this.#state.mounts, path);
    this.#state.mounts = this.#state.mounts.filter((mount) => mount !== top);
  }

  async mounts(): Promise<readonly Mount[]> {
    this.#state.mounts = this.#state.mounts.map((mount) => this.#asSeen(mount));
    return await Promise.resolve(this.#state.mounts);
  }

  /** A bind of a device node outlives the device, says so, and stays dead whoever bears the name later. */
  #asSeen(mount: Mount): Mount {
    if (mount.type !== devtmpfs.type || mount.root.endsWith(deleted)) return mount;
    if (mount.node === this.#nodeOf(mount.root.slice(1))) return mount;
    return { ...mount, root: `${mount.root}${deleted}` };
  }

  async isReleased(device: BlockDevice, signal: AbortSignal): Promise<boolean> {
    await turn(signal);
    return !this.#state.isMounted(device);
  }

  async holders(device: BlockDevice): Promise<readonly string[]> {
    return await Promise.resolve(usersOf(this.#state.mounts, device));
  }

  async isShutDown(): Promise<boolean> {
    return await Promise.resolve(false);
  }

  async usage(path: string): Promise<readonly SpaceUsage[]> {
    const mount = topMountAt(await this.mounts(), path);
    if (mount === undefined) throw failure("not_found", { cannot: `measure ${path}`, rule: "it must be mounted" });
    const total = this.#state.sizes.get(keyOf(mount.device)) ?? GiB;
    const inodes = total / inodeSize;
    return [
      { unit: "bytes", total, available: total - usedByEmpty, used: usedByEmpty },
      { unit: "inodes", total: inodes, available: inodes - 11n, used: 11n },
    ];
  }
}
