/**
 * Groups of snapshots over several pools of one machine.
 *
 * O1  A group is in one pool, where its volumes are: what a pool holds can go to another machine alone.
 */
import { failure } from "../domain/errors.ts";
import type { SnapshotGroupId, VolumeId } from "../domain/identity.ts";
import type { SnapshotGroup } from "../domain/model.ts";
import type { SnapshotGroups, SnapshotGroupToMake } from "./snapshot-groups.ts";
import type { TargetAgent } from "./target-agent.ts";

type Agents = ReadonlyMap<string, Pick<TargetAgent, "groups" | "holds">>;

const cannot = "take the group of snapshots";

export class PooledGroups {
  readonly #agents: Agents;

  /** By the names of the pools; at least one can take groups. */
  constructor(agents: Agents) {
    this.#agents = agents;
  }

  get #able(): readonly SnapshotGroups[] {
    return [...this.#agents.values()].flatMap(({ groups }) => groups ?? []);
  }

  async create(spec: SnapshotGroupToMake, signal: AbortSignal): Promise<SnapshotGroup> {
    return await ((await this.#having(spec.id, signal)) ?? this.#ofSources(spec.sources)).create(spec, signal);
  }

  async get(id: SnapshotGroupId, signal: AbortSignal): Promise<SnapshotGroup | undefined> {
    return await (await this.#having(id, signal))?.get(id, signal);
  }

  /** Everywhere: a pool may have what a crash has left of it. */
  async delete(id: SnapshotGroupId, signal: AbortSignal): Promise<void> {
    for (const groups of this.#able) await groups.delete(id, signal);
  }

  async #having(id: SnapshotGroupId, signal: AbortSignal): Promise<SnapshotGroups | undefined> {
    for (const groups of this.#able) if ((await groups.get(id, signal)) !== undefined) return groups;
    return undefined;
  }

  /** O1. A volume that no pool has is left to a pool that says so. */
  #ofSources(sources: readonly VolumeId[]): SnapshotGroups {
    const places = [...this.#agents].filter(([, agent]) => sources.some((source) => agent.holds(source)));
    const names = places.map(([name]) => name);
    if (names.length > 1) {
      const rule = "the volumes of source_volume_ids must all be in one pool";
      throw failure("precondition", { cannot, rule, got: names });
    }
    const [place] = places;
    const found = place === undefined ? this.#able[0] : place[1].groups;
    if (found !== undefined) return found;
    const rule = "their pool must be a thin pool of LVM; files are copied one at a time";
    throw failure("precondition", { cannot, rule, got: names[0] });
  }
}
