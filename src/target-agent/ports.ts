/**
 * The listeners of this agent: one nvmet port for each portal.
 *
 * L1  While the agent runs every port is open, also when no volume is exported: an empty subsystem that admits no host
 *     keeps it so. A fenced host is then told that there is nothing for it, and gives up; a refused connection would
 *     let it wait for ever with what it has not written, and nobody could unstage its volume (docs/kernel-facts.md).
 * L2  Only ports with this agent's ids are touched, and none that somebody else uses under one of them.
 * L3  One change of the ports at a time.
 */
import { failure, messageOf } from "../domain/errors.ts";
import { driverNqnPrefix, isListenerNqn, listenerIdentityOf, type ClusterId, type Nqn } from "../domain/identity.ts";
import type { Portal } from "../domain/model.ts";
import { formatPortal } from "../domain/portal.ts";
import { KeyedMutex } from "../lib/keyed-lock.ts";
import { model, type NvmetConfigfs } from "./configfs.ts";

/** Port directories of this agent are numbered from here, one per portal. */
export const firstPortId = 19_200;
/** As many as there can be portals; an id whose portal is no longer configured may still have links. */
const ownIds = Array.from({ length: 16 }, (_, index) => firstPortId + index);
const lockKey = "ports";

export class Ports {
  readonly portals: readonly Portal[];
  readonly #configfs: NvmetConfigfs;
  readonly #listener: ReturnType<typeof listenerIdentityOf>;
  readonly #lock = new KeyedMutex();

  constructor(deps: {
    readonly configfs: NvmetConfigfs;
    readonly cluster: ClusterId;
    readonly portals: readonly Portal[];
  }) {
    this.#configfs = deps.configfs;
    this.#listener = listenerIdentityOf(deps.cluster);
    this.portals = deps.portals;
  }

  #configured(): readonly (readonly [number, Portal])[] {
    return this.portals.map((portal, index) => [firstPortId + index, portal]);
  }

  /** Whether a subsystem is reachable at every portal. */
  async haveAll(nqn: Nqn): Promise<boolean> {
    for (const [port] of this.#configured()) if (!(await this.#configfs.isLinked(port, nqn))) return false;
    return true;
  }

  /** Makes a subsystem reachable at every portal. */
  async link(nqn: Nqn, signal: AbortSignal): Promise<void> {
    await this.#lock.run(lockKey, signal, async () => this.#link(nqn));
  }

  async #link(nqn: Nqn): Promise<void> {
    const faults: unknown[] = [];
    for (const [port, portal] of this.#configured()) {
      if (await this.#configfs.isLinked(port, nqn)) continue;
      try {
        await this.#configfs.ensurePort(port, portal);
        await this.#configfs.link(port, nqn);
      } catch (error) {
        // The other portals serve meanwhile.
        faults.push(error);
      }
    }
    if (faults.length === 0) return;
    const rule = faults.map(messageOf).join("; ");
    throw failure("unavailable", { cannot: `export ${nqn} at every portal`, rule, cause: faults[0] });
  }

  /** Takes a subsystem from every port of this agent, also from one that is no longer configured. */
  async unlink(nqn: Nqn, signal: AbortSignal): Promise<void> {
    await this.#lock.run(lockKey, signal, async () => {
      for (const port of ownIds) await this.#unlink(port, nqn);
    });
  }

  async #unlink(port: number, nqn: string): Promise<void> {
    await this.#configfs.unlink(port, nqn);
    if ((await this.#configfs.linksOfPort(port)).length === 0) await this.#configfs.removePort(port);
  }

  /** L1: from now on. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#lock.run(lockKey, signal, async () => {
      await this.#configfs.ensureSubsystem(this.#listener.nqn, { ...this.#listener, model });
      await this.#link(this.#listener.nqn);
    });
  }

  /** The end of L1. Ports stay while volumes are exported there: their hosts outlive this process. */
  async close(signal: AbortSignal): Promise<void> {
    await this.#lock.run(lockKey, signal, async () => {
      for (const port of ownIds) if ((await this.#volumesAt(port)).length > 0) return;
      for (const port of ownIds) await this.#unlink(port, this.#listener.nqn);
      await this.#configfs.removeSubsystem(this.#listener.nqn);
    });
  }

  async #volumesAt(port: number): Promise<readonly string[]> {
    return (await this.#configfs.linksOfPort(port)).filter((nqn) => !isListenerNqn(nqn));
  }

  /** Ports of others, for the log of the start. */
  async foreign(): Promise<readonly string[]> {
    const own = new Set(this.#configured().map(([port]) => String(port)));
    return (await this.#configfs.ports()).filter((port) => !own.has(port));
  }

  /**
   * Refuses to start on a port that somebody else uses under one of this agent's ids (L2), or while volumes are
   * exported at portals that are no longer configured: their hosts would lose them, and their fence would not reach
   * them. A port without volumes that listens elsewhere is taken away.
   */
  async assertOwn(): Promise<void> {
    await this.#removeFormerListeners();
    for (const [index, port] of ownIds.entries()) {
      const portal = this.portals[index];
      const wanted = portal && formatPortal(portal);
      const actual = await this.#configfs.portalOf(port);
      if (actual !== undefined && actual === wanted) await this.#assertNoStrangers(port);
      else await this.#retire(port, actual, wanted);
    }
  }

  /** Those of agents of other clusters that served this machine before; there is one agent at a time. */
  async #removeFormerListeners(): Promise<void> {
    const former = (await this.#configfs.subsystems()).filter(
      (nqn) => isListenerNqn(nqn) && nqn !== this.#listener.nqn,
    );
    for (const nqn of former) {
      for (const port of ownIds) await this.#configfs.unlink(port, nqn);
      await this.#configfs.removeSubsystem(nqn);
    }
  }

  async #assertNoStrangers(port: number): Promise<void> {
    const foreign = (await this.#configfs.linksOfPort(port)).filter((nqn) => !nqn.startsWith(driverNqnPrefix));
    if (foreign.length > 0) throw portFailure(port, "it must be this driver's", foreign);
  }

  async #retire(port: number, actual: string | undefined, wanted: string | undefined): Promise<void> {
    await this.#assertNoStrangers(port);
    if ((await this.#volumesAt(port)).length > 0) {
      const rule = `volumes are exported at ${actual ?? "it"}; unpublish them first, or keep that portal`;
      throw portFailure(port, rule, wanted ?? "no portal");
    }
    for (const nqn of await this.#configfs.linksOfPort(port)) await this.#configfs.unlink(port, nqn);
    await this.#configfs.removePort(port);
  }
}

function portFailure(port: number, rule: string, got: unknown) {
  return failure("precondition", { cannot: `use nvmet port ${port}`, rule, got });
}
