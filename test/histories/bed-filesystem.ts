/**
 * The file systems of one node: mounts of its own, over disks that it shares with the other node. The device table of
 * `MemoryFilesystem` serves its mounts alone.
 */
import { defaultMkfsOptions } from "../../src/domain/class-parameters.ts";
import { failure } from "../../src/domain/errors.ts";
import type { Nqn } from "../../src/domain/identity.ts";
import type { DeviceNumber } from "../../src/domain/model.ts";
import {
  topMountAt,
  type BindRequest,
  type BlockDevice,
  type HeldDevice,
  type Mount,
  type MountRequest,
} from "../../src/filesystem/index.ts";
import { MemoryFilesystem } from "../../src/filesystem/memory-filesystem.ts";
import type { Recorder } from "../support/recorder.ts";
import { BedDevice } from "./bed-device.ts";
import type { BedInitiator } from "./bed-initiator.ts";
import type { Disk } from "./disk.ts";

interface Deps {
  readonly recorder: Recorder;
  readonly initiator: () => BedInitiator;
  readonly diskAt: (nqn: Nqn) => Disk | undefined;
}

const steps = ["putIntent", "eraseIntent", "check", "protect", "mount", "grow"] as const;

export class BedFilesystem extends MemoryFilesystem {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    super({ nodeOf: (name) => deps.initiator().nodeOf(name) });
    this.#deps = deps;
  }

  /** Numbers that mounted file systems have. */
  async mountedNumbers(): Promise<readonly DeviceNumber[]> {
    return (await this.mounts()).filter(({ type }) => type !== "devtmpfs").map(({ device }) => device);
  }

  /** Who bears a number now, and what lies behind; undefined: nobody. */
  async #behind(minor: number) {
    const bearer = (await this.#deps.initiator().live()).find((connection) => connection.minor === minor);
    const disk = bearer && this.#deps.diskAt(bearer.nqn);
    return bearer && disk && { uuid: bearer.uuid, disk };
  }

  override async hold(device: BlockDevice, signal: AbortSignal): Promise<HeldDevice> {
    const { path, number, uuid } = device;
    const found = await this.#behind(number.minor);
    if (found?.uuid !== uuid)
      throw failure("unavailable", { cannot: `open ${path}`, rule: `it must have uuid ${uuid}` });
    const { recorder } = this.#deps;
    const { disk } = found;
    const held = new BedDevice({
      device,
      disk,
      mkfs: recorder.watch("mkfs", disk, ["smear", "complete"]),
      isMounted: async () => !(await this.isReleased(device, signal)),
      addMount: async (request) => this.#addMount(device, request, signal),
    });
    return recorder.watch<HeldDevice>("filesystem", held, steps);
  }

  /** A read-only bind is two steps for the kernel: a driver may die in between. */
  override async bind(request: BindRequest, signal: AbortSignal): Promise<void> {
    const below = topMountAt(await this.mounts(), request.source);
    if (request.readOnly && below?.options.includes("ro") !== true) {
      const first = { bindAlone: async () => super.bind({ ...request, readOnly: false }, signal) };
      await this.#deps.recorder.watch("filesystem", first, ["bindAlone"]).bindAlone();
    }
    await super.bind(request, signal);
  }

  async #addMount(device: BlockDevice, request: MountRequest, signal: AbortSignal): Promise<void> {
    const own = await super.hold(device, signal);
    const { type } = request;
    // Numbers are given again, with another file system behind.
    if (await this.isReleased(device, signal)) {
      await own.make({ type, uuid: "", isOver: false, options: defaultMkfsOptions }, signal);
    }
    await own.mount(request, signal);
  }

  /** The disk that a path shows, alive; undefined: none. */
  async shown(path: string): Promise<{ readonly disk: Disk; readonly isReadOnly: boolean } | undefined> {
    const mount = topMountAt(await this.mounts(), path);
    if (mount === undefined) return undefined;
    const minor = minorOf(mount);
    const found = minor === undefined ? undefined : await this.#behind(minor);
    const isReadOnly = mount.options.includes("ro") || mount.superOptions.includes("ro");
    return found && { disk: found.disk, isReadOnly };
  }
}

function minorOf({ type, root, device }: Mount): number | undefined {
  if (type !== "devtmpfs") return device.minor;
  const minor = /^\/memory(\d+)n1$/.exec(root)?.[1];
  return minor === undefined ? undefined : Number(minor);
}
