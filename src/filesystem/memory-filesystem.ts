/**
 * File systems without a kernel, for the memory back end, csi-sanity and fuzzing: a table of formatted devices by
 * number and a table of mounts. Directories and target files belong to the callers, as with the kernel.
 */
import { basename, dirname } from "node:path";
import { sameDevice } from "../domain/device-number.ts";
import { GiB, MiB, type Bytes } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import { encodeIntent, intentOffset, readIntent, type FormatIntent } from "../domain/format-intent.ts";
import type { VolumeId } from "../domain/identity.ts";
import type { DeviceNumber, FilesystemType } from "../domain/model.ts";
import type {
  BindRequest,
  BlockDevice,
  CheckResult,
  Evidence,
  Filesystem,
  FormatRequest,
  FoundIntent,
  Inspection,
  Mount,
  MountRequest,
  Signature,
  SpaceUsage,
} from "./index.ts";
import { originOf, topMountAt, usersOf } from "./mountinfo.ts";

/** What a bind mount of a device node looks like in a mount table. */
const devtmpfs = { device: { major: 0, minor: 6 }, type: "devtmpfs", source: "devtmpfs" } as const;
const deleted = "//deleted";
const inodeSize = 16n * 1024n;
const usedByEmpty = 24n * MiB;

export interface MemoryFilesystemOptions {
  /** Whether there is a device of that name now; always, unless given. */
  readonly isPresent?: (name: string) => boolean;
}

export class MemoryFilesystem implements Filesystem {
  readonly #isPresent: (name: string) => boolean;
  readonly #signatures = new Map<string, Signature>();
  readonly #intents = new Map<string, Buffer>();
  readonly #sizes = new Map<string, Bytes>();
  #mounts: readonly Mount[] = [];

  constructor({ isPresent = () => true }: MemoryFilesystemOptions = {}) {
    this.#isPresent = isPresent;
  }

  /** What is on a device, for the back end that asks for the content of its volume. */
  signatureOf(number: DeviceNumber): Signature | undefined {
    return this.#signatures.get(keyOf(number));
  }

  async inspect(device: BlockDevice, { volume }: Inspection, signal: AbortSignal): Promise<Evidence> {
    await turn(signal);
    if (this.#isMounted(device)) return { kind: "unreadable", reason: `EBUSY: ${device.path} is in use` };
    const signature = this.signatureOf(device.number);
    const intents = this.#intentsOn(device, volume);
    return { kind: "read", intents, ...(signature !== undefined && { firstNonZero: 1024n, signature }) };
  }

  async findIntents(device: BlockDevice, { volume }: Inspection, signal: AbortSignal): Promise<readonly FoundIntent[]> {
    await turn(signal);
    this.#refuseIfMounted(device, "look at");
    return this.#intentsOn(device, volume);
  }

  #intentsOn({ number, size }: BlockDevice, volume: VolumeId): readonly FoundIntent[] {
    const block = this.#intents.get(keyOf(number));
    const isOurs = block !== undefined && readIntent(block, volume).kind === "valid";
    return isOurs ? [{ offset: intentOffset(size), block }] : [];
  }

  async putIntent(device: BlockDevice, intent: FormatIntent, signal: AbortSignal): Promise<FoundIntent> {
    await turn(signal);
    this.#refuseIfMounted(device, "write to");
    const block = encodeIntent(intent);
    this.#intents.set(keyOf(device.number), block);
    return { offset: intentOffset(device.size), block };
  }

  async eraseIntent(device: BlockDevice, _found: FoundIntent, signal: AbortSignal): Promise<void> {
    await turn(signal);
    this.#refuseIfMounted(device, "write to");
    this.#intents.delete(keyOf(device.number));
  }

  async make(device: BlockDevice, { type, uuid }: FormatRequest, signal: AbortSignal): Promise<void> {
    await turn(signal);
    this.#refuseIfMounted(device, "make a file system on");
    this.#signatures.set(keyOf(device.number), { type, uuid });
  }

  async check(device: BlockDevice, type: FilesystemType, signal: AbortSignal): Promise<CheckResult> {
    await turn(signal);
    this.#refuseIfMounted(device, "check");
    this.#requireType(device, type, "check");
    return { kind: "clean" };
  }

  async mount(request: MountRequest, signal: AbortSignal): Promise<void> {
    await turn(signal);
    const { device, path, type, options, readOnly } = request;
    this.#requireType(device, type, "mount");
    this.#sizes.set(keyOf(device.number), device.size);
    const access = readOnly ? "ro" : "rw";
    const mount = { device: device.number, root: "/", path, type, source: device.path };
    this.#add({ ...mount, options: [access, ...options], superOptions: [access] }, readOnly);
  }

  async bind({ source, target, readOnly }: BindRequest, signal: AbortSignal): Promise<void> {
    await turn(signal);
    const options = [readOnly ? "ro" : "rw"];
    if (dirname(source) === "/dev") {
      this.#add({ ...devtmpfs, root: `/${basename(source)}`, path: target, options, superOptions: ["rw"] }, readOnly);
      return;
    }
    const origin = originOf(this.#mounts, source);
    const below = this.#mounts.find((mount) => origin !== undefined && sameDevice(mount.device, origin.device));
    if (origin === undefined || below === undefined) {
      throw failure("precondition", { cannot: `bind ${source}`, rule: "it must be in a mounted file system" });
    }
    if (below.options.includes("ro") && !readOnly) {
      throw failure("precondition", { cannot: `bind ${source}`, rule: "a read-only mount has no writable bind" });
    }
    this.#add({ ...below, root: origin.root, path: target, options }, readOnly);
  }

  #add(mount: Mount, readOnly: boolean): void {
    const present = topMountAt(this.#mounts, mount.path);
    if (present === undefined) {
      this.#mounts = [...this.#mounts, mount];
      return;
    }
    const isSame = sameDevice(present.device, mount.device) && present.root === mount.root;
    if (isSame && present.options.includes("ro") === readOnly) return;
    if (isSame && readOnly) {
      this.#mounts = this.#mounts.map((other) => (other === present ? mount : other));
      return;
    }
    const rule = `something else is mounted on ${mount.path}`;
    throw failure("in_use", { cannot: `mount ${mount.source}`, rule, got: present.source });
  }

  async unmount(path: string, signal: AbortSignal): Promise<void> {
    await turn(signal);
    const top = topMountAt(this.#mounts, path);
    this.#mounts = this.#mounts.filter((mount) => mount !== top);
  }

  async mounts(): Promise<readonly Mount[]> {
    this.#mounts = this.#mounts.map((mount) => this.#asSeen(mount));
    return await Promise.resolve(this.#mounts);
  }

  /** A bind of a device node outlives the device, says so, and stays dead whoever bears the name later. */
  #asSeen(mount: Mount): Mount {
    const isDead = mount.root.endsWith(deleted);
    if (mount.type !== devtmpfs.type || isDead || this.#isPresent(mount.root.slice(1))) return mount;
    return { ...mount, root: `${mount.root}${deleted}` };
  }

  async isReleased(device: BlockDevice, signal: AbortSignal): Promise<boolean> {
    await turn(signal);
    return !this.#isMounted(device);
  }

  /** A bind of the device node holds nothing, as with the kernel. */
  #isMounted({ number }: BlockDevice): boolean {
    return this.#mounts.some((mount) => sameDevice(mount.device, number));
  }

  async holders(device: BlockDevice): Promise<readonly string[]> {
    return await Promise.resolve(usersOf(this.#mounts, device));
  }

  async usage(path: string): Promise<readonly SpaceUsage[]> {
    const mount = topMountAt(await this.mounts(), path);
    if (mount === undefined) throw failure("not_found", { cannot: `measure ${path}`, rule: "it must be mounted" });
    const total = this.#sizes.get(keyOf(mount.device)) ?? GiB;
    const inodes = total / inodeSize;
    return [
      { unit: "bytes", total, available: total - usedByEmpty, used: usedByEmpty },
      { unit: "inodes", total: inodes, available: inodes - 11n, used: 11n },
    ];
  }

  #refuseIfMounted(device: BlockDevice, verb: string): void {
    if (!this.#isMounted(device)) return;
    const got = usersOf(this.#mounts, device);
    throw failure("in_use", { cannot: `${verb} ${device.path}`, rule: "it must not be mounted", got });
  }

  #requireType({ path, number }: BlockDevice, type: FilesystemType, verb: string): void {
    const got = this.signatureOf(number)?.type;
    if (got !== type) throw failure("unavailable", { cannot: `${verb} ${path}`, rule: `it must hold ${type}`, got });
  }
}

/** A call takes effect in one step, after the caller has let go: no await lies between a check and what it allows. */
async function turn(signal: AbortSignal): Promise<void> {
  await Promise.resolve();
  signal.throwIfAborted();
}

function keyOf({ major, minor }: DeviceNumber): string {
  return `${major}:${minor}`;
}
