/** A device that was verified on one node, over the disk that both nodes reach. Only its mounts are the node's own. */
import { failure } from "../../src/domain/errors.ts";
import { encodeIntent, intentOffset, readIntent, type FormatIntent } from "../../src/domain/format-intent.ts";
import type { VolumeId } from "../../src/domain/identity.ts";
import type { FilesystemType } from "../../src/domain/model.ts";
import type {
  BlockDevice,
  Evidence,
  FormatRequest,
  FoundIntent,
  HeldDevice,
  Inspection,
  MountRequest,
} from "../../src/filesystem/index.ts";
import type { Disk } from "./disk.ts";

interface Deps {
  readonly device: BlockDevice;
  readonly disk: Disk;
  /** The two steps of a mkfs. */
  readonly mkfs: Pick<Disk, "smear" | "complete">;
  readonly isMounted: () => Promise<boolean>;
  readonly addMount: (request: MountRequest) => Promise<void>;
}

export class BedDevice implements HeldDevice {
  readonly #deps: Deps;
  readonly #disk: Disk;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#disk = deps.disk;
  }

  release(): void {
    // Nothing was opened.
  }

  async #alone(verb: string): Promise<void> {
    if (!(await this.#deps.isMounted())) return;
    throw failure("in_use", { cannot: `${verb} ${this.#deps.device.path}`, rule: "it must not be mounted" });
  }

  #requireType(type: FilesystemType): void {
    if (this.#disk.signature?.type === type) return;
    throw failure("unavailable", { cannot: `use ${this.#deps.device.path}`, rule: `it must hold ${type}` });
  }

  async inspect({ volume }: Inspection): Promise<Evidence> {
    if (await this.#deps.isMounted()) return { kind: "unreadable", reason: "EBUSY" };
    const { signature, hasBytes } = this.#disk;
    const first = hasBytes ? { firstNonZero: 1024n } : {};
    return { kind: "read", intents: this.#intentsOf(volume), ...first, ...(signature && { signature }) };
  }

  async findIntents({ volume }: Inspection): Promise<readonly FoundIntent[]> {
    await this.#alone("look at");
    return this.#intentsOf(volume);
  }

  #intentsOf(volume: VolumeId): readonly FoundIntent[] {
    const block = this.#disk.intent;
    const isOurs = block !== undefined && readIntent(block, volume).kind === "valid";
    return isOurs ? [{ offset: intentOffset(this.#deps.device.size), block }] : [];
  }

  async putIntent(intent: FormatIntent): Promise<FoundIntent> {
    await this.#alone("write to");
    const block = encodeIntent(intent);
    this.#disk.intent = block;
    return { offset: intentOffset(this.#deps.device.size), block };
  }

  async eraseIntent(): Promise<void> {
    await this.#alone("write to");
    this.#disk.intent = undefined;
  }

  async make({ type, uuid }: FormatRequest): Promise<void> {
    await this.#alone("make a file system on");
    await this.#deps.mkfs.smear();
    await this.#deps.mkfs.complete({ type, uuid }, this.#deps.device.size);
  }

  async check(type: FilesystemType) {
    await this.#alone("check");
    this.#requireType(type);
    return { kind: "clean" } as const;
  }

  async isTooSmall(type: FilesystemType): Promise<boolean> {
    await this.#alone("measure");
    this.#requireType(type);
    return this.#disk.filesystemSize < this.#deps.device.size;
  }

  async grow(type: FilesystemType): Promise<void> {
    this.#requireType(type);
    this.#disk.filesystemSize = this.#deps.device.size;
    await Promise.resolve();
  }

  async protect(): Promise<void> {
    await this.#alone("protect");
  }

  async mount(request: MountRequest): Promise<void> {
    this.#requireType(request.type);
    await this.#deps.addMount(request);
    this.#disk.isUsed = true;
  }
}
