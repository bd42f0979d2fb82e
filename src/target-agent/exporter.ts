/**
 * Desired → actual for the exports of this agent.
 *
 * O1  Only objects of this cluster's NQN prefix and of this agent's port ids are touched; others are reported.
 * O2  Order of an export: subsystem, namespace, hosts, port links last. Order of a withdrawal: hosts, port links (which
 *     ends the controllers), namespace, subsystem. Removing the subsystem ends controllers once more: a connect that
 *     was past the host check while the port was unlinked does not survive it. Hosts that leave others behind are put out
 *     in another way (host-fence.ts).
 * O3  One mutex per subsystem; the ports have their own (ports.ts).
 */
import { failure } from "../domain/errors.ts";
import { isListenerNqn, nqnPrefixOf, type ClusterId, type ExportIdentity, type Nqn } from "../domain/identity.ts";
import { KeyedMutex } from "../lib/keyed-lock.ts";
import { model, type NvmetConfigfs } from "./configfs.ts";
import { HostFence, type HostFenceOptions } from "./host-fence.ts";
import type { Ports } from "./ports.ts";

/** One volume as it should be visible to hosts. */
export interface DesiredExport extends ExportIdentity {
  readonly devicePath: string;
  readonly hosts: readonly Nqn[];
}

/** What was found in configfs and does not belong to this agent. */
export interface ForeignObjects {
  readonly subsystems: readonly string[];
  readonly ports: readonly string[];
  /** Subsystems with this cluster's prefix that no record explains. */
  readonly unexplained: readonly string[];
}

interface ExporterDeps {
  readonly configfs: NvmetConfigfs;
  readonly cluster: ClusterId;
  readonly ports: Ports;
  readonly fence?: HostFenceOptions;
}

export class Exporter {
  readonly ports: Ports;
  readonly #configfs: NvmetConfigfs;
  readonly #prefix: string;
  readonly #fence: HostFence;
  readonly #locks = new KeyedMutex();

  constructor(deps: ExporterDeps) {
    this.#configfs = deps.configfs;
    this.#fence = new HostFence(deps.configfs, deps.fence);
    this.#prefix = nqnPrefixOf(deps.cluster);
    this.ports = deps.ports;
  }

  /** Everything of the export but the port links. */
  async prepare(desired: DesiredExport, signal: AbortSignal): Promise<void> {
    this.#assertOwn(desired.nqn);
    await this.#locks.run(desired.nqn, signal, async () => {
      await this.#configfs.ensureSubsystem(desired.nqn, { serial: desired.serial, model });
      await this.#configfs.ensureNamespace(desired.nqn, desired);
      for (const host of await this.#configfs.allowedHosts(desired.nqn)) {
        if (!desired.hosts.includes(host as Nqn)) await this.#configfs.denyHost(desired.nqn, host);
      }
      for (const host of desired.hosts) await this.#configfs.allowHost(desired.nqn, host);
      await this.#configfs.assertClosed(desired.nqn);
    });
  }

  /** Tells the hosts of an export how large its backing store is by now. */
  async revalidate(nqn: Nqn, signal: AbortSignal): Promise<void> {
    this.#assertOwn(nqn);
    await this.#locks.run(nqn, signal, async () => this.#configfs.revalidate(nqn));
  }

  /** Makes a prepared export reachable. */
  async link(nqn: Nqn, signal: AbortSignal): Promise<void> {
    this.#assertOwn(nqn);
    await this.ports.link(nqn, signal);
  }

  async ensure(desired: DesiredExport, signal: AbortSignal): Promise<void> {
    await this.prepare(desired, signal);
    await this.link(desired.nqn, signal);
  }

  /**
   * The fence of a volume's last hosts (O2): when it returns, no controller and no I/O of theirs exists. `revoked` names
   * them because a withdrawal that a crash cut short may have left their host objects without a link.
   */
  async withdraw(nqn: Nqn, revoked: readonly Nqn[], signal: AbortSignal): Promise<void> {
    this.#assertOwn(nqn);
    await this.#locks.run(nqn, signal, async () => {
      const hosts = new Set<string>([...(await this.#configfs.allowedHosts(nqn)), ...revoked]);
      for (const host of hosts) await this.#configfs.denyHost(nqn, host);
      await this.ports.unlink(nqn, signal);
      await this.#configfs.removeSubsystem(nqn);
    });
    const left = await this.#configfs.subsystems();
    if (left.includes(nqn)) throw failure("unavailable", { cannot: `withdraw ${nqn}`, rule: "it is still exported" });
  }

  /** Why no second host may be let in: it could not be put out alone. Undefined: it could. */
  get obstacle(): string | undefined {
    return this.#fence.obstacle;
  }

  /** The fence of some hosts of a volume that others keep: what they sent is given up, or is with the layer by now. */
  async putOut(nqn: Nqn, revoked: readonly Nqn[], signal: AbortSignal): Promise<void> {
    this.#assertOwn(nqn);
    await this.#locks.run(nqn, signal, async () => this.#fence.putOut(nqn, revoked, signal));
  }

  #assertOwn(nqn: Nqn): void {
    if (nqn.startsWith(this.#prefix)) return;
    const rule = `subsystems of this cluster start with ${this.#prefix}`;
    throw failure("precondition", { cannot: "change a subsystem", rule, got: nqn });
  }

  /** O1: what others have in configfs, for the log of the start. */
  async foreign(known: ReadonlySet<string>): Promise<ForeignObjects> {
    const subsystems = await this.#configfs.subsystems();
    const isOwn = (nqn: string) => nqn.startsWith(this.#prefix);
    return {
      subsystems: subsystems.filter((nqn) => !isOwn(nqn)),
      ports: await this.ports.foreign(),
      unexplained: subsystems.filter((nqn) => isOwn(nqn) && !known.has(nqn) && !isListenerNqn(nqn)),
    };
  }
}
