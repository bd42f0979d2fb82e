/**
 * The bundled driver in a lab machine, with an xfs pool on a scratch disk and a client on this side.
 *
 * 1. `restart` and `kill` change the process alone; the kernel state stays.
 * 2. Disposing stops the driver and gives up the machine.
 */
import { poll } from "../../src/host/clock.ts";
import type { Machine, Spawned } from "../lab/machine.ts";
import type { CableEnd } from "../lab/cable.ts";
import { startLab } from "../lab/start-lab.ts";
import { openCsiClient, type CsiClient } from "./csi-client.ts";
import { makePool, mountPool, poolFlags, poolPath, type LabLayer } from "./guest-pool.ts";

export const guestCluster = "lab";
export const stateDir = "/run/nvmetcp-csi/state";
const endpoint = "/run/nvmetcp-csi/csi.sock";
/** Between "serving" in the log and the first answer; most of it is the back-off of a client that lost a killed driver. */
const answerLimitMs = 30_000;

export interface GuestDriverOptions {
  readonly signal: AbortSignal;
  readonly poolMiB?: number;
  /** What volumes are made of; files unless given. */
  readonly layer?: LabLayer;
  /** Of the machine. */
  readonly memoryMiB?: number;
  readonly packages?: readonly string[];
  /** Further scratch disks. */
  readonly disks?: readonly { readonly sizeMiB: number }[];
  readonly flags?: readonly string[];
  /** To another machine. */
  readonly cable?: CableEnd;
  /** Folder of the bundle, relative to the project; `dist` unless given. */
  readonly bundle?: string;
}

export interface GuestDriver extends AsyncDisposable {
  readonly machine: Machine;
  readonly client: CsiClient;
  /** The driver's socket inside the machine. */
  readonly socketPath: string;
  /** Log lines of all runs so far. */
  readonly log: readonly string[];
  /** Process id in the machine. */
  readonly pid: number;
  /** After a power loss: mounts the pool again. */
  mountPool(): Promise<void>;
  /** Starts the driver, or another bundle of it; returns when it answers. */
  start(bundle?: string, moreFlags?: readonly string[]): Promise<void>;
  /** SIGTERM; returns the exit status. */
  stop(): Promise<number | undefined>;
  /** SIGKILL, as in a crash. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** After a power loss: the process is gone without a word. */
  forget(): void;
  /** Cuts the power, boots again, mounts the pool and starts the driver. */
  losePower(moreFlags: readonly string[]): Promise<void>;
}

/** Boots a machine with an empty pool and starts `all-in-one` in it. */
export async function startGuestDriver(options: GuestDriverOptions): Promise<GuestDriver> {
  const { signal, poolMiB = 64 * 1024, memoryMiB = 1536, disks = [], packages = [], layer = "file", cable } = options;
  await using stack = new AsyncDisposableStack();
  const hardware = { disks: [{ sizeMiB: poolMiB }, ...disks], memoryMiB, packages };
  const machine = stack.use(await startLab({ ...hardware, ...(cable && { cable }), signal }));
  await makePool(machine, layer);
  const guest = new LabDriver(machine, await machine.forward(endpoint), options);
  stack.use(guest);
  await guest.mountPool();
  await guest.start();
  const held = stack.move();
  guest.onDispose = async () => held.disposeAsync();
  return guest;
}

class LabDriver implements GuestDriver {
  readonly machine: Machine;
  readonly client: CsiClient;
  readonly socketPath = endpoint;
  readonly log: string[] = [];
  onDispose: (() => Promise<void>) | undefined;
  readonly #flags: readonly string[];
  readonly #bundle: string;
  readonly #layer: LabLayer;
  #process: Spawned | undefined;

  constructor(
    machine: Machine,
    localSocket: string,
    { flags = [], bundle = "dist", layer = "file" }: GuestDriverOptions,
  ) {
    this.#layer = layer;
    this.machine = machine;
    this.client = openCsiClient(localSocket);
    this.#flags = [...poolFlags(layer), ...flags];
    this.#bundle = bundle;
  }

  async start(bundle = this.#bundle, moreFlags: readonly string[] = []): Promise<void> {
    const { node, project } = this.machine;
    const argv = [node, `${project}/${bundle}/main.js`, "all-in-one", "--cluster-id", guestCluster];
    const options = ["--csi-endpoint", `unix://${endpoint}`, "--state-dir", stateDir, "--pool", poolPath];
    const from = this.log.length;
    const { promise: serving, resolve, reject } = Promise.withResolvers<undefined>();
    const onLine = (line: string) => {
      this.log.push(line);
      if (line.includes('"msg":"serving"')) resolve(undefined);
    };
    this.#process = await this.machine.spawn([...argv, ...options, ...this.#flags, ...moreFlags], {
      onStdoutLine: onLine,
      onStderrLine: onLine,
    });
    this.#process.exited.then(
      ({ exitCode }) => reject(new Error(`the driver ended (${exitCode}): ${this.log.slice(from).join("\n")}`)),
      reject,
    );
    await serving;
    await this.#answers();
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  async mountPool(): Promise<void> {
    await mountPool(this.machine, this.#layer);
  }

  async #answers(): Promise<void> {
    const limit = AbortSignal.timeout(answerLimitMs);
    let refusal: unknown;
    const probe = async () => {
      try {
        return await this.client.identity.Probe({}, { deadlineMs: 10_000, signal: limit });
      } catch (error) {
        refusal = error;
        return undefined;
      }
    };
    await poll(probe, limit).catch((error: unknown) => {
      throw refusal ?? error;
    });
  }

  async stop(): Promise<number | undefined> {
    await this.#process?.kill("SIGTERM");
    return await this.#ended();
  }

  async kill(): Promise<void> {
    await this.#process?.kill("SIGKILL");
    await this.#ended();
  }

  forget(): void {
    this.#process = undefined;
  }

  async losePower(moreFlags: readonly string[]): Promise<void> {
    await this.machine.reset();
    this.forget();
    await this.mountPool();
    await this.start(this.#bundle, moreFlags);
  }

  async #ended(): Promise<number | undefined> {
    const status = await this.#process?.exited;
    this.#process = undefined;
    return status?.exitCode;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { onDispose } = this;
    this.onDispose = undefined;
    if (onDispose !== undefined) {
      await onDispose();
      return;
    }
    this.client.close();
    if (this.#process !== undefined) await this.stop().catch(() => undefined);
    // A machine that goes on living must not keep the pool.
    await this.machine.sh(`umount ${poolPath} && rmdir ${poolPath}`, { check: false }).catch(() => undefined);
  }
}
