/**
 * An initiator without a kernel, for the memory back end, csi-sanity and fuzzing: the same rules of hosts and epochs.
 *
 * M1  A subsystem serves the hosts that it allows; a device whose host is no longer allowed is gone at once, and a host
 *     that was revoked is refused.
 * M2  A device has the same invented number for as long as its export has the same incarnation, and no other export
 *     ever has it.
 */
import { failure } from "../domain/errors.ts";
import type { Bytes } from "../domain/capacity.ts";
import type { Nqn, Uuid } from "../domain/identity.ts";
import type { Condition, DeviceNumber } from "../domain/model.ts";
import type { ConnectRequest, Initiator, NvmeDevice, Target } from "./index.ts";

/** What a target in memory offers under one NQN. */
export interface MemoryExport {
  readonly uuid: string;
  readonly size: Bytes;
  /** Host NQNs that may connect now. */
  readonly hosts: ReadonlySet<string>;
  /** Differs between two volumes that bear one name one after the other: their content is not the same. */
  readonly incarnation: string;
}

export interface MemoryInitiatorOptions {
  /** What is exported under an NQN now. */
  readonly exportOf: (nqn: Nqn) => MemoryExport | undefined;
}

/** Linux uses no block major beyond 511; no real device has these numbers or paths. */
const inventedMajor = 4095;

export class MemoryInitiator implements Initiator {
  readonly #exportOf: MemoryInitiatorOptions["exportOf"];
  readonly #hosts = new Map<Nqn, string>();
  readonly #minors = new Map<string, number>();

  constructor({ exportOf }: MemoryInitiatorOptions) {
    this.#exportOf = exportOf;
  }

  async connect(request: ConnectRequest, signal: AbortSignal): Promise<NvmeDevice> {
    signal.throwIfAborted();
    const { nqn, uuid, host, portals, atLeast } = request;
    const cannot = `connect ${nqn}`;
    // Controllers of another host go first, as with the kernel.
    this.#hosts.delete(nqn);
    const offered = this.#exportOf(nqn);
    if (offered?.hosts.has(host.hostNqn) !== true || portals.length === 0) {
      throw failure("unavailable", { cannot, rule: "a portal must offer the subsystem to this host", got: portals });
    }
    if (offered.uuid !== uuid) {
      throw failure("precondition", { cannot, rule: `its namespace must have uuid ${uuid}`, got: offered.uuid });
    }
    if (offered.size < atLeast) {
      const rule = `the device must have at least ${atLeast} bytes`;
      throw failure("timeout", { cannot: `${cannot} in time`, rule, got: offered.size });
    }
    this.#hosts.set(nqn, host.hostNqn);
    return await Promise.resolve(this.#device({ nqn, uuid }, offered));
  }

  /** M1: what the target revoked disappears without a word of this host. */
  #connected(nqn: Nqn): MemoryExport | undefined {
    const host = this.#hosts.get(nqn);
    const offered = this.#exportOf(nqn);
    if (host !== undefined && offered?.hosts.has(host) === true) return offered;
    this.#hosts.delete(nqn);
    return undefined;
  }

  /** Inode of the node of the device that has this name now. */
  nodeOf(name: string): number | undefined {
    const bearer = [...this.#hosts.keys()].find((nqn) => {
      const offered = this.#connected(nqn);
      return offered !== undefined && nameOf(this.numberOf(nqn, offered.incarnation)) === name;
    });
    return bearer && this.nodeNumberOf(bearer);
  }

  /** As no two devices have one name here, the nodes need no numbers of their own. */
  nodeNumberOf(_nqn: Nqn): number {
    return 1;
  }

  /** No two devices have one number either. */
  sequenceOf(_nqn: Nqn): number | undefined {
    return undefined;
  }

  #device(target: Target, { size, incarnation }: MemoryExport): NvmeDevice {
    const number = this.numberOf(target.nqn, incarnation);
    const name = nameOf(number);
    const sequence = this.sequenceOf(target.nqn);
    const device = { path: `/dev/${name}`, name, number, size, uuid: target.uuid };
    return sequence === undefined ? device : { ...device, sequence };
  }

  /** The invented number of an export, so that its content can be looked up. */
  numberOf(nqn: Nqn, incarnation: string): DeviceNumber {
    const key = `${nqn} ${incarnation}`;
    const minor = this.#minors.get(key) ?? this.#minors.size;
    this.#minors.set(key, minor);
    return { major: inventedMajor, minor };
  }

  async find(target: Target, signal: AbortSignal): Promise<NvmeDevice | undefined> {
    signal.throwIfAborted();
    const offered = this.#connected(target.nqn);
    return await Promise.resolve(offered?.uuid === target.uuid ? this.#device(target, offered) : undefined);
  }

  async grown(target: Target, atLeast: Bytes, signal: AbortSignal): Promise<NvmeDevice> {
    const device = await this.find(target, signal);
    if (device !== undefined && device.size >= atLeast) return device;
    const rule = `the device must have at least ${atLeast} bytes`;
    throw failure("timeout", { cannot: `see ${target.nqn} grow in time`, rule, got: device?.size });
  }

  async bearerOf({ major, minor }: DeviceNumber): Promise<Uuid | "other" | undefined> {
    const bearer = [...this.#hosts.keys()].find((nqn) => {
      const number = this.numberOf(nqn, this.#connected(nqn)?.incarnation ?? "none");
      return number.minor === minor && number.major === major;
    });
    return await Promise.resolve(bearer && (this.#connected(bearer)?.uuid as Uuid | undefined));
  }

  async hostsOf(nqn: Nqn): Promise<readonly string[]> {
    const host = this.#connected(nqn) && this.#hosts.get(nqn);
    return await Promise.resolve(host === undefined ? [] : [host]);
  }

  async disconnect(nqn: Nqn, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#hosts.delete(nqn);
    await Promise.resolve();
  }

  async condition(target: Target): Promise<Condition> {
    const connected = this.#connected(target.nqn)?.uuid === target.uuid;
    const message = connected ? "1 of 1 path is live" : "the device is not connected";
    return await Promise.resolve({ abnormal: !connected, message });
  }
}

function nameOf({ minor }: DeviceNumber): string {
  return `memory${minor}n1`;
}
