/**
 * The initiator of one node, with device numbers as Linux gives them: each connection makes a device with the lowest
 * number that is free, and a number is free again when the device is gone and nothing that is mounted has it. What it
 * counts devices and their nodes by is never given again.
 */
import type { Nqn, Uuid } from "../../src/domain/identity.ts";
import type { DeviceNumber } from "../../src/domain/model.ts";
import type { ConnectRequest, NvmeDevice } from "../../src/nvme/index.ts";
import { MemoryInitiator, type MemoryInitiatorOptions } from "../../src/nvme/memory-initiator.ts";

/** Of no device. */
const nobody = 1 << 19;
const major = 4095;

interface Connection {
  readonly uuid: Uuid;
  readonly host: string;
  readonly minor: number;
  readonly sequence: number;
}

export class BedInitiator extends MemoryInitiator {
  readonly #connections = new Map<Nqn, Connection>();
  #sequence = 0;
  readonly #mounted: () => Promise<readonly DeviceNumber[]>;

  /** `mounted`: numbers that mounts have, once dead device nodes were found to be so. */
  constructor(options: MemoryInitiatorOptions & { readonly mounted: () => Promise<readonly DeviceNumber[]> }) {
    super(options);
    this.#mounted = options.mounted;
  }

  override numberOf(nqn: Nqn, incarnation: string): DeviceNumber {
    const known = incarnation === "none" ? undefined : this.#connections.get(nqn);
    return { major, minor: known?.minor ?? nobody };
  }

  override sequenceOf(nqn: Nqn): number | undefined {
    return this.#connections.get(nqn)?.sequence;
  }

  /** Beside what devices are counted by: an inode is no sequence number. */
  override nodeNumberOf(nqn: Nqn): number {
    return 1000 + (this.#connections.get(nqn)?.sequence ?? 0);
  }

  override async connect(request: ConnectRequest, signal: AbortSignal): Promise<NvmeDevice> {
    const { nqn, uuid, host } = request;
    const before = this.#connections.get(nqn);
    if (before?.host !== host.hostNqn || !(await this.#isLive(nqn))) {
      await super.disconnect(nqn, signal);
      const minor = await this.#lowestFree();
      this.#sequence += 1;
      this.#connections.set(nqn, { uuid, host: host.hostNqn, minor, sequence: this.#sequence });
    }
    return await super.connect(request, signal);
  }

  async #isLive(nqn: Nqn): Promise<boolean> {
    return (await super.hostsOf(nqn)).length > 0;
  }

  async #lowestFree(): Promise<number> {
    const taken = new Set((await this.#mounted()).map(({ minor }) => minor));
    for (const { minor } of await this.live()) taken.add(minor);
    let minor = 0;
    while (taken.has(minor)) minor += 1;
    return minor;
  }

  /** The devices that are there. */
  async live(): Promise<readonly (Connection & { readonly nqn: Nqn })[]> {
    const live = [];
    for (const [nqn, connection] of this.#connections) if (await this.#isLive(nqn)) live.push({ nqn, ...connection });
    return live;
  }
}
