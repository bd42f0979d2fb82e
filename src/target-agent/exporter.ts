/**
 * Desired → actual for the exports of this agent.
 *
 * O1  Only objects of this cluster's NQN prefix and of this agent's port ids are touched; others are reported.
 * O2  Order of an export: subsystem, namespace, hosts, port links last. Order of a withdrawal: hosts, port links (which
 *     ends the controllers), namespace, subsystem. Removing the subsystem ends controllers once more: a connect that
 *     was past the host check while the port was unlinked does not survive it.
 * O3  One mutex per subsystem and one for the ports.
 */
import { failure } from "../domain/errors.ts";
import { driverNqnPrefix, nqnPrefixOf, type ClusterId, type ExportIdentity, type Nqn } from "../domain/identity.ts";
import type { Portal } from "../domain/model.ts";
import { formatPortal } from "../domain/portal.ts";
import { KeyedMutex } from "../lib/keyed-lock.ts";
import type { NvmetConfigfs } from "./configfs.ts";

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

/** Port directories of this agent are numbered from here, one per portal. */
export const firstPortId = 19_200;
/** As many as there can be portals. */
const ownPortIds = Array.from({ length: 16 }, (_, index) => firstPortId + index);
const model = "nvmetcp-csi";
const portsKey = "ports";

export class Exporter {
  readonly portals: readonly Portal[];
  readonly #configfs: NvmetConfigfs;
  readonly #prefix: string;
  readonly #locks = new KeyedMutex();

  constructor(deps: {
    readonly configfs: NvmetConfigfs;
    readonly cluster: ClusterId;
    readonly portals: readonly Portal[];
  }) {
    this.#configfs = deps.configfs;
    this.#prefix = nqnPrefixOf(deps.cluster);
    this.portals = deps.portals;
  }

  #ports(): readonly (readonly [number, Portal])[] {
    return this.portals.map((portal, index) => [firstPortId + index, portal]);
  }

  /** Whether hosts of this export find it complete; then `ensure` writes nothing. */
  async isComplete(nqn: Nqn): Promise<boolean> {
    for (const [port] of this.#ports()) if (!(await this.#configfs.isLinked(port, nqn))) return false;
    return true;
  }

  /** Everything of the export but the port links. */
  async prepare(desired: DesiredExport): Promise<void> {
    this.#assertOwn(desired.nqn);
    await this.#locks.run(desired.nqn, async () => {
      await this.#configfs.ensureSubsystem(desired.nqn, { serial: desired.serial, model });
      await this.#configfs.ensureNamespace(desired.nqn, desired);
      for (const host of await this.#configfs.allowedHosts(desired.nqn)) {
        if (!desired.hosts.includes(host as Nqn)) await this.#configfs.denyHost(desired.nqn, host);
      }
      for (const host of desired.hosts) await this.#configfs.allowHost(desired.nqn, host);
      await this.#configfs.assertClosed(desired.nqn);
    });
  }

  /** Makes a prepared export reachable. */
  async link(nqn: Nqn): Promise<void> {
    this.#assertOwn(nqn);
    await this.#locks.run(portsKey, async () => {
      for (const [port, portal] of this.#ports()) {
        if (await this.#configfs.isLinked(port, nqn)) continue;
        await this.#configfs.ensurePort(port, portal);
        await this.#configfs.link(port, nqn);
      }
    });
  }

  async ensure(desired: DesiredExport): Promise<void> {
    await this.prepare(desired);
    await this.link(desired.nqn);
  }

  /**
   * The fence of a volume's last hosts (O2): when it returns, no controller and no I/O of theirs exists. `revoked` names
   * them because a withdrawal that a crash cut short may have left their host objects without a link.
   */
  async withdraw(nqn: Nqn, revoked: readonly Nqn[]): Promise<void> {
    this.#assertOwn(nqn);
    await this.#locks.run(nqn, async () => {
      const hosts = new Set<string>([...(await this.#configfs.allowedHosts(nqn)), ...revoked]);
      for (const host of hosts) await this.#configfs.denyHost(nqn, host);
      await this.#unlink(nqn);
      await this.#configfs.removeSubsystem(nqn);
    });
    const left = await this.#configfs.subsystems();
    if (left.includes(nqn)) throw failure("unavailable", { cannot: `withdraw ${nqn}`, rule: "it is still exported" });
  }

  async #unlink(nqn: Nqn): Promise<void> {
    await this.#locks.run(portsKey, async () => {
      for (const [port] of this.#ports()) {
        await this.#configfs.unlink(port, nqn);
        if ((await this.#configfs.linksOfPort(port)).length === 0) await this.#configfs.removePort(port);
      }
    });
  }

  #assertOwn(nqn: Nqn): void {
    if (nqn.startsWith(this.#prefix)) return;
    const rule = `subsystems of this cluster start with ${this.#prefix}`;
    throw failure("precondition", { cannot: "change a subsystem", rule, got: nqn });
  }

  /** O1: what others have in configfs, for the log of the start. */
  async foreign(known: ReadonlySet<string>): Promise<ForeignObjects> {
    const subsystems = await this.#configfs.subsystems();
    const own = new Set(this.#ports().map(([port]) => String(port)));
    return {
      subsystems: subsystems.filter((nqn) => !nqn.startsWith(this.#prefix)),
      ports: (await this.#configfs.ports()).filter((port) => !own.has(port)),
      unexplained: subsystems.filter((nqn) => nqn.startsWith(this.#prefix) && !known.has(nqn)),
    };
  }

  /**
   * Refuses to start on a port that somebody else uses under one of this agent's ids, or while volumes are exported at
   * portals that are no longer configured: their hosts would lose them, and their fence would not reach them.
   */
  async assertPortsOwn(): Promise<void> {
    for (const [index, port] of ownPortIds.entries()) {
      const links = await this.#configfs.linksOfPort(port);
      if (links.length === 0) {
        await this.#configfs.removePort(port);
        continue;
      }
      const foreign = links.filter((nqn) => !nqn.startsWith(driverNqnPrefix));
      if (foreign.length > 0) throw portFailure(port, "it must be this driver's", foreign);
      const portal = this.portals[index];
      const wanted = portal && formatPortal(portal);
      const actual = await this.#configfs.portalOf(port);
      if (actual === wanted) continue;
      const rule = `volumes are exported at ${actual ?? "it"}; unpublish them first, or keep that portal`;
      throw portFailure(port, rule, wanted ?? "no portal");
    }
  }
}

function portFailure(port: number, rule: string, got: unknown) {
  return failure("precondition", { cannot: `use nvmet port ${port}`, rule, got });
}
