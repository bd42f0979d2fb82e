/**
 * The NVMe/TCP initiator of this host's kernel: connections are asked for at /dev/nvme-fabrics, sysfs says what became of
 * them, and controllers are deleted by their own files.
 *
 * K1  Before a host connects, every controller of the subsystem under another host NQN is gone, and so is the device
 *     that it carried: its queued writes belong to a revoked publication (V41).
 * K2  Only a head with the exact NQN and UUID, at least one live path and the full size is a connected device.
 * K3  The first change waits for connects that an earlier process left running.
 * K4  `address` of a controller is never read: some kernels panic when its connection goes at that moment
 *     (docs/kernel-facts.md). Which portals are connected already, the kernel knows, and refuses a second connect.
 */
import { join } from "node:path";
import type { Bytes } from "../domain/capacity.ts";
import { DomainError } from "../domain/errors.ts";
import type { Nqn, Uuid } from "../domain/identity.ts";
import type { Condition, DeviceNumber } from "../domain/model.ts";
import { poll } from "../host/clock.ts";
import type { Ask } from "../host/converse.ts";
import type { Exec } from "../host/exec.ts";
import { statOf } from "../host/files.ts";
import { readAttribute } from "../host/read-attribute.ts";
import { untilAborted } from "../lib/abort.ts";
import { checkNqn, ConnectAttempts, connectOptions, type Timing } from "./connect-attempts.ts";
import { removeControllers, type Condemned } from "./controller-removal.ts";
import { DeviceWait, type DeviceWanted } from "./device-wait.ts";
import type { ConnectRequest, Initiator, NvmeDevice, Target } from "./index.ts";
import { orphansEnded } from "./orphaned-connects.ts";
import { readSubsystems, type Controller, type Namespace, type Subsystem } from "./sysfs.ts";

/** Longer than a connect takes, unless it stands in line. */
const orphanLimitMs = 120_000;

export interface KernelInitiatorOptions {
  readonly exec: Exec;
  /** Of a child for direct I/O. */
  readonly ask: Ask;
  /** Where sysfs is mounted; `/sys`. */
  readonly sys?: string;
  /** Where device nodes are; `/dev`. */
  readonly dev?: string;
  /** Where proc is mounted; `/proc`. */
  readonly proc?: string;
  /** Seconds between two attempts to restore a lost path, and of silence until a path counts as lost. */
  readonly timing: Timing;
  /** How long a live controller may lack its namespace before it is asked to look again; 1000. */
  readonly rescanAfterMs?: number;
}

/** What a wait knows of attempts to connect. */
interface Attempted {
  /** What they said, once all have ended. */
  readonly reports?: () => readonly string[] | undefined;
  readonly done?: Promise<unknown>;
}

export class KernelInitiator implements Initiator {
  readonly #ask: Ask;
  readonly #sys: string;
  readonly #dev: string;
  readonly #timing: Timing;
  readonly #rescanAfterMs: number;
  readonly #attempts: ConnectAttempts;
  readonly #proc: string;
  /** K3. */
  #orphans: Promise<void> | undefined;

  constructor(options: KernelInitiatorOptions) {
    const { exec, ask, sys = "/sys", dev = "/dev", proc = "/proc", timing, rescanAfterMs = 1000 } = options;
    this.#ask = ask;
    this.#sys = sys;
    this.#dev = dev;
    this.#proc = proc;
    this.#timing = timing;
    this.#rescanAfterMs = rescanAfterMs;
    this.#attempts = new ConnectAttempts(exec, timing);
  }

  /** One wait for all: whoever is through starts connects of its own. */
  async #predecessorGone(signal: AbortSignal): Promise<void> {
    this.#orphans ??= orphansEnded(this.#proc, AbortSignal.timeout(orphanLimitMs)).catch((error: unknown) => {
      this.#orphans = undefined;
      throw error;
    });
    await untilAborted(this.#orphans, signal);
  }

  async connect(request: ConnectRequest, signal: AbortSignal): Promise<NvmeDevice> {
    const { nqn, host, portals } = request;
    // Everything is checked before the first side effect.
    for (const portal of portals) connectOptions(nqn, host, portal, this.#timing);
    const condemn = (subsystems: readonly Subsystem[]) => obsolete(subsystems, host.hostNqn);
    await this.#predecessorGone(signal);
    await removeControllers({ ask: this.#ask, sys: this.#sys }, nqn, condemn, signal);
    const live = (await this.#controllersOf(nqn)).filter(({ state }) => state === "live");
    // All are there: an attempt would stand in line behind other volumes' (A2 of connect-attempts.ts), for nothing.
    const wanted = live.length < portals.length ? portals : [];
    const attempts = wanted.map((portal) => this.#attempts.connect(nqn, host, portal, signal));
    return await this.#arrival(request, Promise.all(attempts), signal);
  }

  /** Waits for the device while the attempts run. */
  async #arrival(request: ConnectRequest, attempts: Promise<readonly string[]>, signal: AbortSignal) {
    let reports: readonly string[] | undefined;
    // The signal alone makes an attempt reject, and the wait below ends by it too.
    const done = attempts.then((said) => (reports = said)).catch(() => undefined);
    return await this.#wait(request, `connect ${request.nqn} in time`, { reports: () => reports, done }, signal);
  }

  async grown(target: Target, atLeast: Bytes, signal: AbortSignal): Promise<NvmeDevice> {
    return await this.#wait({ ...target, atLeast }, `see ${target.nqn} grow in time`, {}, signal);
  }

  /** Looks at snapshots until one shows the whole device (K2). */
  async #wait(
    wanted: DeviceWanted,
    cannot: string,
    { reports = () => undefined, done }: Attempted,
    signal: AbortSignal,
  ): Promise<NvmeDevice> {
    const wait = new DeviceWait(wanted, { cannot, sys: this.#sys, rescanAfterMs: this.#rescanAfterMs });
    try {
      const namespace = await poll(
        async () => {
          // Taken before the snapshot: an attempt that ends in between must not be judged by an older snapshot.
          const settled = reports();
          return await wait.look(await readSubsystems(this.#sys, wanted.nqn), settled);
        },
        signal,
        { news: done },
      );
      return this.#device(wanted, namespace);
    } catch (cause) {
      if (cause instanceof DomainError || !signal.aborted) throw cause;
      throw wait.expired(reports(), cause);
    }
  }

  #device({ uuid }: Target, namespace: Namespace): NvmeDevice {
    return { ...namespace, path: join(this.#dev, namespace.name), uuid };
  }

  async bearerOf({ major, minor }: DeviceNumber): Promise<Uuid | "other" | undefined> {
    const device = join(this.#sys, "dev/block", `${major}:${minor}`);
    const uuid = readAttribute(join(device, "uuid"));
    if (uuid !== undefined) return uuid as Uuid;
    return (await statOf(device)) === undefined ? undefined : "other";
  }

  async find(target: Target, signal: AbortSignal): Promise<NvmeDevice | undefined> {
    signal.throwIfAborted();
    const namespace = await this.#head(target);
    return namespace && this.#device(target, namespace);
  }

  async #head({ nqn, uuid }: Target): Promise<Namespace | undefined> {
    const namespaces = (await readSubsystems(this.#sys, nqn)).flatMap((subsystem) => subsystem.namespaces);
    return namespaces.find((namespace) => namespace.uuid === uuid);
  }

  async #controllersOf(nqn: Nqn): Promise<readonly Controller[]> {
    return (await readSubsystems(this.#sys, nqn)).flatMap(({ controllers }) => controllers);
  }

  async hostsOf(nqn: Nqn): Promise<readonly string[]> {
    return [...new Set((await this.#controllersOf(nqn)).flatMap(({ hostNqn }) => hostNqn ?? []))];
  }

  async disconnect(nqn: Nqn, signal: AbortSignal): Promise<void> {
    checkNqn(nqn);
    await this.#predecessorGone(signal);
    await this.#attempts.settled(nqn, signal);
    await removeControllers({ ask: this.#ask, sys: this.#sys }, nqn, everything, signal);
  }

  async condition(target: Target): Promise<Condition> {
    const subsystems = await readSubsystems(this.#sys, target.nqn);
    const paths = subsystems.flatMap(({ controllers }) => controllers);
    const live = paths.filter(({ state }) => state === "live").length;
    const present = subsystems.some(({ namespaces }) => namespaces.some(({ uuid }) => uuid === target.uuid));
    if (!present) return { abnormal: true, message: "the device is not connected" };
    const others = paths.filter(({ state }) => state !== "live").map(({ name, state }) => `, ${name} is ${state}`);
    const message = `${live} of ${paths.length} paths ${paths.length === 1 ? "is" : "are"} live${others.join("")}`;
    return { abnormal: live === 0 || live < paths.length, message };
  }
}

function everything(subsystems: readonly Subsystem[]): Condemned {
  return {
    controllers: subsystems.flatMap(({ controllers }) => controllers),
    devices: subsystems.flatMap(({ namespaces }) => namespaces.map(({ name }) => name)),
  };
}

/**
 * What must go before `hostNqn` connects (K1): controllers of other hosts and dead ones. A live controller of this
 * host keeps the device. Without one, its waiting controllers go too, because their device may hold foreign writes.
 */
function obsolete(subsystems: readonly Subsystem[], hostNqn: string): Condemned {
  const { controllers, devices } = everything(subsystems);
  const ours = (controller: Controller) => controller.hostNqn === hostNqn && !isEnding(controller.state);
  const foreign = controllers.filter((controller) => !ours(controller));
  if (controllers.some((controller) => ours(controller) && controller.state === "live")) {
    return { controllers: foreign, devices: [] };
  }
  if (foreign.length > 0) return { controllers, devices };
  return { controllers: [], devices: controllers.length === 0 ? devices : [] };
}

function isEnding(state: string): boolean {
  return state === "dead" || state.startsWith("deleting");
}
