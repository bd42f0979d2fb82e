/**
 * Several pools of one machine behind the calls of one target agent: each call goes to the pool that has the volume.
 *
 * E1  A volume or snapshot is in one pool. A start that finds one in two is refused: nobody could say which is meant.
 * E2  A new volume goes where it is asked to; else into the fullest pool that it fits in, so that the largest room stays
 *     in one piece. A pool that has no room after all is followed by the next one.
 * E3  Only a pool that can be reached from where the volume is to be used counts; those that are preferred come first.
 * E4  A deleted volume that can still be had back is in nobody's way: one of its name is erased, wherever it is, before a
 *     new one is made, and a pool that would have to erase one for its room comes after those that need not.
 * E5  A copy is made where its source is: layers share blocks within a pool only.
 */
import { largestWithin, type Bytes } from "../domain/capacity.ts";
import { DomainError, failure } from "../domain/errors.ts";
import type { SnapshotId, VolumeId } from "../domain/identity.ts";
import type { Attachment, Snapshot, Volume, VolumeSource } from "../domain/model.ts";
import type { NodeIdParts } from "../domain/node-id.ts";
import type { PublicationRequest } from "../domain/publications.ts";
import { pageOf, type Page, type PageRequest } from "../domain/page.ts";
import { KeyedMutex } from "../lib/keyed-lock.ts";
import {
  isReachable,
  preferenceOf,
  satisfiesTopology,
  type Segments,
  type TopologyRequirement,
} from "../domain/topology.ts";
import { PooledGroups } from "./pooled-groups.ts";
import type { DeletedVolume } from "./deleted-volumes.ts";
import type { Imported, ImportRequest } from "./import-volume.ts";
import type { SnapshotToMake } from "./snapshots.ts";
import type { Tended, TargetAgent } from "./target-agent.ts";
import type { VolumeRecord } from "./volume-record.ts";
import type { VolumeToMake } from "./volumes.ts";

export interface PooledVolume extends VolumeToMake {
  /** Name of the pool; any unless given. */
  readonly pool?: string;
  readonly topology?: TopologyRequirement;
}

export interface PoolCapacity {
  readonly available: Bytes;
  readonly largestVolume: Bytes;
}

type AnyId = VolumeId | SnapshotId;

export class PooledAgents implements Tended {
  readonly #agents: ReadonlyMap<string, TargetAgent>;
  /** Absent where no pool takes snapshots of several volumes at one instant. */
  readonly groups?: PooledGroups;
  /** E1: two pools must not get one id at a time. */
  readonly #naming = new KeyedMutex();

  /** By the names of the pools, at least one. E1: throws a precondition error. */
  constructor(agents: ReadonlyMap<string, TargetAgent>) {
    this.#agents = agents;
    if (this.#all.some(({ groups }) => groups !== undefined)) this.groups = new PooledGroups(agents);
    const seen = new Map<AnyId, string>();
    for (const [name, agent] of agents) {
      for (const id of agent.ids()) {
        const other = seen.get(id);
        if (other !== undefined) {
          const rule = `pools ${other} and ${name} both have it; take one of them away`;
          throw failure("precondition", { cannot: "serve the pools", rule, got: id });
        }
        seen.set(id, name);
      }
    }
  }

  get #all(): readonly TargetAgent[] {
    return [...this.#agents.values()];
  }

  #nameOf(id: AnyId): string | undefined {
    for (const [name, agent] of this.#agents) if (agent.holds(id)) return name;
    return undefined;
  }

  /** The pool of an object; for one that no pool has, one that says so in its own words. */
  #of(id: AnyId): TargetAgent {
    const [first] = this.#all;
    if (first === undefined) throw new Error("BUG: no pool");
    return this.#agents.get(this.#nameOf(id) ?? "") ?? first;
  }

  #named(name: string): TargetAgent {
    const found = this.#agents.get(name);
    if (found !== undefined) return found;
    const rule = `parameters.pool must be ${[...this.#agents.keys()].join(" or ")}`;
    throw failure("invalid_argument", { cannot: "use the StorageClass", rule, got: name });
  }

  /** Whether requests can be served at all: what is wrong with one pool of several, its volumes' conditions say. */
  async probe(signal: AbortSignal): Promise<void> {
    await Promise.any(this.#all.map(async (agent) => agent.probe(signal))).catch((error: unknown) => {
      throw error instanceof AggregateError ? error.errors[0] : error;
    });
  }

  async capacity(
    { pool, from }: { readonly pool?: string; readonly from?: Segments },
    signal: AbortSignal,
  ): Promise<PoolCapacity> {
    const named = pool === undefined ? this.#all : [this.#named(pool)];
    const asked = named.filter(({ place }) => from === undefined || isReachable(place, from));
    const rooms = await Promise.all(asked.map(async (agent) => agent.room(signal)));
    const largest = rooms.reduce((most, room) => (room > most ? room : most), 0n);
    return { available: rooms.reduce((sum, room) => sum + room, 0n), largestVolume: largestWithin(largest) };
  }

  async create(volume: PooledVolume, signal: AbortSignal): Promise<Volume> {
    return await this.#naming.run(volume.id, signal, async () => this.#create(volume, signal));
  }

  async #create({ pool, topology = anywhere, ...spec }: PooledVolume, signal: AbortSignal): Promise<Volume> {
    const wanted = pool === undefined ? undefined : this.#named(pool);
    // E4.
    await this.eraseDeleted(spec.id, signal);
    const existing = this.#nameOf(spec.id);
    if (existing !== undefined) {
      const agent = this.#named(existing);
      if (wanted === undefined || wanted === agent) return await agent.create(spec, signal);
      const rule = `it exists in pool ${existing}`;
      throw failure("already_exists", { cannot: "create the volume", rule, got: pool });
    }
    const only = spec.source === undefined ? wanted : this.#ofSource(spec.source, pool);
    if (only === undefined) return await this.#createSomewhere(spec, topology, signal);
    assertReachable([only], topology);
    return await only.create(spec, signal);
  }

  /** E5. */
  #ofSource(source: VolumeSource, pool: string | undefined): TargetAgent {
    const place = this.#nameOf(source.id);
    if (pool === undefined || place === undefined || place === pool) return this.#of(source.id);
    const rule = `parameters.pool must be ${place}, where its source is`;
    throw failure("invalid_argument", { cannot: "create the volume", rule, got: pool });
  }

  /** E2, E3. */
  async #createSomewhere(spec: VolumeToMake, topology: TopologyRequirement, signal: AbortSignal): Promise<Volume> {
    const reachable = this.#all.filter(({ place }) => satisfiesTopology(place, topology));
    assertReachable(reachable, topology);
    let refusal: unknown;
    for (const agent of await inOrder(reachable, { size: spec.size, topology }, signal)) {
      try {
        return await agent.create(spec, signal);
      } catch (error) {
        if (!(error instanceof DomainError) || error.kind !== "no_capacity") throw error;
        refusal = error;
      }
    }
    throw refusal;
  }

  async get(id: VolumeId, signal: AbortSignal): Promise<Volume | undefined> {
    return await this.#of(id).get(id, signal);
  }

  async list(page: PageRequest<Volume>, signal: AbortSignal): Promise<Page<Volume>> {
    const lists = await Promise.all(this.#all.map(async (agent) => agent.list({}, signal)));
    return pageOf(
      lists.flatMap(({ items }) => items),
      page,
    );
  }

  async expand(id: VolumeId, size: Bytes, signal: AbortSignal): Promise<Volume> {
    return await this.#of(id).expand(id, size, signal);
  }

  async delete(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#of(id).delete(id, signal);
  }

  async deleted(pool: string, signal: AbortSignal): Promise<readonly DeletedVolume[]> {
    signal.throwIfAborted();
    return await Promise.resolve(this.#ordered(pool).deleted());
  }

  /** Errors: those of the pool, and already_exists (in another one by now). */
  async undelete(pool: string, id: VolumeId, signal: AbortSignal): Promise<Volume> {
    const agent = this.#ordered(pool);
    return await this.#naming.run(id, signal, async () => {
      this.#assertNowhereElse(id, { pool, cannot: `undelete volume ${id}` });
      return await agent.undelete(id, signal);
    });
  }

  /** Errors: those of the pool, and already_exists (in another one). */
  async import(pool: string, request: ImportRequest, signal: AbortSignal): Promise<Imported> {
    const agent = this.#ordered(pool);
    const id = agent.idOf(request.name);
    return await this.#naming.run(id, signal, async () => {
      this.#assertNowhereElse(id, { pool, cannot: `import ${request.original}` });
      return await agent.import(request, signal);
    });
  }

  /** E1. */
  #assertNowhereElse(id: VolumeId, { pool, cannot }: { readonly pool: string; readonly cannot: string }): void {
    const other = this.#nameOf(id);
    if (other === undefined || other === pool) return;
    throw failure("already_exists", { cannot, rule: `pool ${other} has a volume of that name`, got: id });
  }

  /** The pool that a person names. */
  #ordered(name: string): TargetAgent {
    const found = this.#agents.get(name);
    if (found !== undefined) return found;
    const rule = `the driver serves ${[...this.#agents.keys()].join(" and ")}`;
    throw failure("not_found", { cannot: "carry out the order", rule, got: name });
  }

  /** A pool that does not answer keeps nobody from erasing in the others. */
  async dueForErasure(signal: AbortSignal): Promise<readonly VolumeId[]> {
    const asked = await Promise.allSettled(this.#all.map(async (agent) => agent.dueForErasure(signal)));
    const due = asked.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    const failed = asked.find((answer) => answer.status === "rejected");
    if (due.length === 0 && failed !== undefined) throw failed.reason;
    return due;
  }

  async eraseDeleted(id: VolumeId, signal: AbortSignal): Promise<void> {
    for (const agent of this.#all) await agent.eraseDeleted(id, signal);
  }

  async createSnapshot(spec: SnapshotToMake, signal: AbortSignal): Promise<Snapshot> {
    return await this.#of(this.#nameOf(spec.id) === undefined ? spec.source : spec.id).createSnapshot(spec, signal);
  }

  async getSnapshot(id: SnapshotId, signal: AbortSignal): Promise<Snapshot | undefined> {
    return await this.#of(id).getSnapshot(id, signal);
  }

  async listSnapshots(
    source: VolumeId | undefined,
    page: PageRequest<Snapshot>,
    signal: AbortSignal,
  ): Promise<Page<Snapshot>> {
    const lists = await Promise.all(this.#all.map(async (agent) => agent.listSnapshots(source, {}, signal)));
    return pageOf(
      lists.flatMap(({ items }) => items),
      page,
    );
  }

  async deleteSnapshot(id: SnapshotId, signal: AbortSignal): Promise<void> {
    await this.#of(id).deleteSnapshot(id, signal);
  }

  async publish(id: VolumeId, request: PublicationRequest, signal: AbortSignal): Promise<Attachment> {
    return await this.#of(id).publish(id, request, signal);
  }

  async unpublish(id: VolumeId, revoked: NodeIdParts | "everyone", signal: AbortSignal): Promise<void> {
    await this.#of(id).unpublish(id, revoked, signal);
  }

  records(): readonly VolumeRecord[] {
    return this.#all.flatMap((agent) => agent.records());
  }

  unsettledSnapshots(): readonly SnapshotId[] {
    return this.#all.flatMap((agent) => agent.unsettledSnapshots());
  }

  isFaulty(id: VolumeId): boolean {
    return this.#of(id).isFaulty(id);
  }

  async settle(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#of(id).settle(id, signal);
  }

  async settleSnapshot(id: SnapshotId, signal: AbortSignal): Promise<void> {
    await this.#of(id).settleSnapshot(id, signal);
  }

  async prepare(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#of(id).prepare(id, signal);
  }

  async link(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#of(id).link(id, signal);
  }

  async lookAt(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#of(id).lookAt(id, signal);
  }
}

const anywhere: TopologyRequirement = { requisite: [], preferred: [] };

function assertReachable(pools: readonly TargetAgent[], topology: TopologyRequirement): void {
  if (pools.some(({ place }) => satisfiesTopology(place, topology))) return;
  const rule = "accessibility_requirements must name a place from which a pool can be reached";
  throw failure("no_capacity", { cannot: "create the volume", rule, got: topology });
}

/** Those that it fits in; where there is none, the one with the most room alone, which says how much it has. */
async function inOrder(
  pools: readonly TargetAgent[],
  { size, topology }: { readonly size: Bytes; readonly topology: TopologyRequirement },
  signal: AbortSignal,
): Promise<readonly TargetAgent[]> {
  if (pools.length === 1) return pools;
  const rooms = await Promise.all(
    pools.map(async (agent) => ({ agent, room: await agent.room(signal).catch(() => 0n) })),
  );
  const fullestFirst = rooms.sort((a, b) => (a.room < b.room ? -1 : 1));
  const fitting = await Promise.all(
    fullestFirst
      .filter(({ room }) => room >= size)
      .map(async ({ agent }) => {
        const cost = (await agent.mustEraseFor(size, signal)) ? 1 : 0;
        return { agent, cost, preference: preferenceOf(agent.place, topology) };
      }),
  );
  const preferred = fitting.sort((a, b) => a.preference - b.preference || a.cost - b.cost);
  return (fitting.length > 0 ? preferred : fullestFirst.slice(-1)).map(({ agent }) => agent);
}
