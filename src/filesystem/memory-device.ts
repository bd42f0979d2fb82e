/** A device without a kernel: it remembers that a file system was made on it, and a format intent. */
import { failure } from "../domain/errors.ts";
import { encodeIntent, intentOffset, readIntent, type FormatIntent } from "../domain/format-intent.ts";
import type { VolumeId } from "../domain/identity.ts";
import type { FilesystemType } from "../domain/model.ts";
import type {
  BlockDevice,
  CheckResult,
  Evidence,
  FormatRequest,
  FoundIntent,
  HeldDevice,
  Inspection,
  MountRequest,
} from "./index.ts";
import { keyOf, turn, type MemoryState } from "./memory-state.ts";

export class MemoryDevice implements HeldDevice {
  readonly #state: MemoryState;
  readonly #device: BlockDevice;
  readonly #key: string;

  constructor(state: MemoryState, device: BlockDevice) {
    this.#state = state;
    this.#device = device;
    this.#key = keyOf(device.number);
  }

  release(): void {
    // Nothing was opened.
  }

  async inspect({ volume }: Inspection, signal: AbortSignal): Promise<Evidence> {
    await turn(signal);
    const { path } = this.#device;
    if (this.#state.isMounted(this.#device)) return { kind: "unreadable", reason: `EBUSY: ${path} is in use` };
    const signature = this.#state.signatures.get(this.#key);
    const intents = this.#intentsOf(volume);
    return { kind: "read", intents, ...(signature !== undefined && { firstNonZero: 1024n, signature }) };
  }

  async findIntents({ volume }: Inspection, signal: AbortSignal): Promise<readonly FoundIntent[]> {
    await this.#alone("look at", signal);
    return this.#intentsOf(volume);
  }

  #intentsOf(volume: VolumeId): readonly FoundIntent[] {
    const block = this.#state.intents.get(this.#key);
    const isOurs = block !== undefined && readIntent(block, volume).kind === "valid";
    return isOurs ? [{ offset: intentOffset(this.#device.size), block }] : [];
  }

  async putIntent(intent: FormatIntent, signal: AbortSignal): Promise<FoundIntent> {
    await this.#alone("write to", signal);
    const block = encodeIntent(intent);
    this.#state.intents.set(this.#key, block);
    return { offset: intentOffset(this.#device.size), block };
  }

  async eraseIntent(_found: FoundIntent, signal: AbortSignal): Promise<void> {
    await this.#alone("write to", signal);
    this.#state.intents.delete(this.#key);
  }

  async make({ type, uuid }: FormatRequest, signal: AbortSignal): Promise<void> {
    await this.#alone("make a file system on", signal);
    this.#state.signatures.set(this.#key, { type, uuid });
    this.#state.sizes.set(this.#key, this.#device.size);
  }

  async check(type: FilesystemType, signal: AbortSignal): Promise<CheckResult> {
    await this.#alone("check", signal);
    this.#requireType(type, "check");
    return { kind: "clean" };
  }

  async isTooSmall(type: FilesystemType, signal: AbortSignal): Promise<boolean> {
    await this.#alone("measure", signal);
    this.#requireType(type, "measure");
    return (this.#state.sizes.get(this.#key) ?? 0n) < this.#device.size;
  }

  async grow(type: FilesystemType, _path: string, signal: AbortSignal): Promise<void> {
    await turn(signal);
    this.#requireType(type, "grow");
    this.#state.sizes.set(this.#key, this.#device.size);
  }

  async protect(signal: AbortSignal): Promise<void> {
    await this.#alone("protect", signal);
  }

  async mount({ path, type, options, readOnly }: MountRequest, signal: AbortSignal): Promise<void> {
    await turn(signal);
    this.#requireType(type, "mount");
    const { number, path: source } = this.#device;
    const access = readOnly ? "ro" : "rw";
    const mount = { device: number, root: "/", path, type, source };
    this.#state.addMount({ ...mount, options: [access, ...options], superOptions: [access] }, readOnly);
  }

  async #alone(verb: string, signal: AbortSignal): Promise<void> {
    await turn(signal);
    this.#state.refuseIfMounted(this.#device, verb);
  }

  #requireType(type: FilesystemType, verb: string): void {
    const got = this.#state.signatures.get(this.#key)?.type;
    if (got === type) return;
    throw failure("unavailable", { cannot: `${verb} ${this.#device.path}`, rule: `it must hold ${type}`, got });
  }
}
