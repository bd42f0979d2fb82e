/** A device of this host's kernel, held open by a child process: what is looked at on it, made, checked and mounted. */
import { basename, join } from "node:path";
import { MiB } from "../domain/capacity.ts";
import { DomainError, failure } from "../domain/errors.ts";
import { intentPlaces, type FormatIntent } from "../domain/format-intent.ts";
import { gateRegions } from "../domain/gate-regions.ts";
import type { FilesystemType } from "../domain/model.ts";
import { superblocks } from "../domain/superblock.ts";
import { probeSignature } from "../host/blkid.ts";
import type { Conversation } from "../host/converse.ts";
import { execHolding, expectationOf, readRegions, runHolding, type RegionsReading } from "../host/direct-io.ts";
import { toolFailure } from "../host/exec.ts";
import { mountPointName } from "../host/paths.ts";
import { clearSuperblocks, eraseIntent, judgeIntents, putIntent } from "./device-intents.ts";
import { diagnose, growFilesystem, makeFilesystem } from "./filesystem-kind.ts";
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
import { kinds } from "./kinds.ts";
import { mountDevice, type MounterContext } from "./mounter.ts";

/** Every mkfs leaves less than this unused at the end of a device. */
const growthWorthwhile = MiB;

export interface DeviceContext extends MounterContext {
  /** A directory of the driver's own, for what a check replaces. */
  readonly undoDirectory: string;
}

export class KernelDevice implements HeldDevice {
  readonly #context: DeviceContext;
  readonly #device: BlockDevice;
  readonly #child: Conversation;

  /** `child` holds the device. */
  constructor(context: DeviceContext, device: BlockDevice, child: Conversation) {
    this.#context = context;
    this.#device = device;
    this.#child = child;
  }

  release(): void {
    this.#child.end();
  }

  async inspect({ volume, blankSizes }: Inspection, signal: AbortSignal): Promise<Evidence> {
    const { path, size } = this.#device;
    try {
      const places = intentPlaces(size, blankSizes);
      const reading = await this.#read({ regions: gateRegions(size, blankSizes), blocks: places }, signal);
      if (reading.kind === "unreadable") return { kind: "unreadable", reason: `${reading.code}: ${reading.reason}` };
      const signature = await probeSignature(execHolding(this.#child.ask), path, { signal });
      const found = judgeIntents(volume, places, reading);
      return { kind: "read", ...found, ...(signature !== undefined && { signature }) };
    } catch (error) {
      if (signal.aborted || !(error instanceof DomainError)) throw error;
      return { kind: "unreadable", reason: error.message };
    }
  }

  async findIntents({ volume, blankSizes }: Inspection, signal: AbortSignal): Promise<readonly FoundIntent[]> {
    const { path, size } = this.#device;
    const places = intentPlaces(size, blankSizes);
    const reading = await this.#read({ regions: [], blocks: places }, signal);
    if (reading.kind === "read") return judgeIntents(volume, places, reading).intents;
    const { reason: rule, code: got } = reading;
    throw failure("unavailable", { cannot: `look for a format intent on ${path}`, rule, got });
  }

  /** Exclusively: a device that something holds gives no evidence. */
  async #read(
    what: Pick<Parameters<typeof readRegions>[1], "regions" | "blocks">,
    signal: AbortSignal,
  ): Promise<RegionsReading> {
    const request = { path: this.#device.path, expect: expectationOf(this.#device), exclusive: true, ...what };
    return await readRegions(this.#child.ask, request, { signal });
  }

  /** Blocks of 4 KiB; one that cannot be read is an error. */
  async #blocks(
    offsets: readonly bigint[],
    words: { readonly cannot: string; readonly rule: string },
    signal: AbortSignal,
  ): Promise<readonly Buffer[]> {
    const reading = await this.#read({ regions: [], blocks: offsets }, signal);
    if (reading.kind === "read") return reading.blocks;
    throw failure("unavailable", { ...words, got: reading });
  }

  async putIntent(intent: FormatIntent, signal: AbortSignal): Promise<FoundIntent> {
    return await putIntent(this.#child.ask, this.#device, intent, signal);
  }

  async eraseIntent(found: FoundIntent, signal: AbortSignal): Promise<void> {
    await eraseIntent(this.#child.ask, this.#device, found, signal);
  }

  async make({ type, ...request }: FormatRequest, signal: AbortSignal): Promise<void> {
    if (request.isOver) await this.#clearSuperblocks(signal);
    await makeFilesystem(this.#child.ask, { kind: kinds[type], path: this.#device.path, ...request }, signal);
  }

  async #clearSuperblocks(signal: AbortSignal): Promise<void> {
    const offsets = [...new Set(Object.values(superblocks).map(({ offset }) => offset))];
    const cannot = `make a file system on ${this.#device.path}`;
    const found = await this.#blocks(offsets, { cannot, rule: "its superblocks must be readable" }, signal);
    const blocks = found.map((block, index) => ({ offset: offsets[index] ?? 0n, block }));
    await clearSuperblocks(this.#child.ask, this.#device, blocks, signal);
  }

  async check(type: FilesystemType, signal: AbortSignal): Promise<CheckResult> {
    const { path } = this.#device;
    const undoFile = join(this.#context.undoDirectory, basename(path));
    return (await kinds[type].check?.(this.#child.ask, { path, undoFile }, signal)) ?? { kind: "unchecked" };
  }

  async isTooSmall(type: FilesystemType, signal: AbortSignal): Promise<boolean> {
    const { path, size } = this.#device;
    const { offset, size: sizeIn } = superblocks[type];
    const rule = `the superblock of its ${type} must be readable`;
    const [has] = (await this.#blocks([offset], { cannot: `measure ${path}`, rule }, signal)).map(sizeIn);
    return has !== undefined && has + growthWorthwhile <= size;
  }

  async grow(type: FilesystemType, path: string, signal: AbortSignal): Promise<void> {
    const at = await mountPointName(path);
    await growFilesystem(this.#child.ask, { kind: kinds[type], device: this.#device.path, path: at }, signal);
  }

  /** The flag is the device's own: the kernel keeps it over rescans, and gives a device of a later connection another one. */
  async protect(signal: AbortSignal): Promise<void> {
    const args = ["--setro", this.#device.path];
    const result = await runHolding(this.#child.ask, ["blockdev", ...args], { signal });
    if (result.exitCode !== 0) throw toolFailure("blockdev", args, result);
  }

  async mount(request: MountRequest, signal: AbortSignal): Promise<void> {
    const { path } = this.#device;
    const { ask } = this.#child;
    try {
      await mountDevice(this.#context, { ...request, ask, device: this.#device }, signal);
    } catch (cause) {
      signal.throwIfAborted();
      if (!(cause instanceof DomainError) || cause.kind !== "unavailable") throw cause;
      if (request.readOnly && /\bread-only\b/.test(cause.message)) throw unreplayed(request, cause);
      const report = await diagnose(ask, { kind: kinds[request.type], path }, signal);
      if (report === undefined) throw cause;
      const rule = `its ${request.type} file system needs a repair by a person: ${report}`;
      throw failure("precondition", { cannot: `mount ${path}`, rule, cause });
    }
  }
}

/** The kernel mounts nothing whose log it would have to replay on a device that takes no writes (V30). */
function unreplayed({ type, path }: MountRequest, cause: DomainError): DomainError {
  const rule = `the log of its ${type} must be replayed: let a pod mount the volume read-write once`;
  return failure("precondition", { cannot: `mount ${path} read-only`, rule, cause });
}
