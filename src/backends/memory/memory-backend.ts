/**
 * The reference back end: the whole contract (backends/backend.ts) over a Map. It stores no data; it is for csi-sanity,
 * contract and fuzz tests, and for reading what a back end has to do.
 */
import { largestWithin, type Bytes } from "../../domain/capacity.ts";
import { failure } from "../../domain/errors.ts";
import {
  exportIdentityOf,
  hostIdentityOf,
  memberIdOf,
  type ClusterId,
  type Nqn,
  type SnapshotGroupId,
  type SnapshotId,
  type Uuid,
  type VolumeId,
} from "../../domain/identity.ts";
import type { Attachment, Snapshot, SnapshotGroup, Volume, VolumeSource } from "../../domain/model.ts";
import { parseNodeId } from "../../domain/node-id.ts";
import { pageOf, type Page, type PageRequest } from "../../domain/page.ts";
import { openPublication, revokedBy } from "../../domain/publications.ts";
import { groupOf, partOfGroup, sameSources } from "../../domain/snapshot-group.ts";
import type {
  Backend,
  Capacity,
  CapacityRequest,
  PublishRequest,
  Revoked,
  SnapshotGroupSpec,
  SnapshotSpec,
  VolumeSpec,
} from "../backend.ts";

interface Stored extends Volume {
  readonly lastEpoch: number;
  /** Differs between two volumes that had one name one after the other. */
  readonly incarnation: string;
}

/** What hosts would find under a subsystem NQN; for the in-memory initiator. */
export interface MemoryExport {
  readonly uuid: Uuid;
  readonly size: Bytes;
  readonly hosts: ReadonlySet<string>;
  readonly incarnation: string;
}

const onlyPool = "default";

export class MemoryBackend implements Backend {
  readonly name = "memory";
  readonly groups = {
    create: async (spec: SnapshotGroupSpec, signal: AbortSignal) => this.#createGroup(spec, signal),
    get: async (id: SnapshotGroupId, signal: AbortSignal) => this.#getGroup(id, signal),
    delete: async (id: SnapshotGroupId, signal: AbortSignal) => this.#deleteGroup(id, signal),
  };
  readonly #total: Bytes;
  readonly #cluster: ClusterId;
  readonly #byNqn = new Map<Nqn, VolumeId>();
  #created = 0;
  /** Over all volumes that ever were: one that is made again under an old name opens no old epoch. */
  #highestEpoch = 0;
  readonly #volumes = new Map<VolumeId, Stored>();
  readonly #snapshots = new Map<SnapshotId, Snapshot>();

  constructor(options: { readonly total: Bytes; readonly cluster: ClusterId }) {
    this.#total = options.total;
    this.#cluster = options.cluster;
  }

  exportOf(nqn: Nqn): MemoryExport | undefined {
    const volume = this.#volumes.get(this.#byNqn.get(nqn) ?? ("" as VolumeId));
    if (volume === undefined || volume.publications.length === 0) return undefined;
    const hosts = volume.publications.flatMap(({ node, epoch }) => {
      const parts = parseNodeId(node);
      return parts === undefined ? [] : [hostIdentityOf(parts.uuid, volume.id, epoch).hostNqn];
    });
    const { uuid } = exportIdentityOf(this.#cluster, volume.id);
    return { uuid, size: volume.size, hosts: new Set(hosts), incarnation: volume.incarnation };
  }

  async probe(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await Promise.resolve();
  }

  async capacity({ pool }: CapacityRequest, signal: AbortSignal): Promise<Capacity> {
    await this.probe(signal);
    assertOnlyPool(pool);
    return { available: this.#free(), largestVolume: largestWithin(this.#free()) };
  }

  #free(): Bytes {
    const kept = [...this.#volumes.values(), ...this.#snapshots.values()];
    return this.#total - kept.reduce((sum, { size }) => sum + size, 0n);
  }

  #assertFree(needed: Bytes, cannot: string): void {
    if (needed <= this.#free()) return;
    throw failure("no_capacity", { cannot, rule: `the pool has ${this.#free()} bytes left`, got: needed });
  }

  async create({ pool, ...spec }: VolumeSpec, signal: AbortSignal): Promise<Volume> {
    await this.probe(signal);
    assertOnlyPool(pool);
    const cannot = "create the volume";
    const existing = this.#volumes.get(spec.id);
    if (existing !== undefined) {
      const { size, source, multiWriter } = existing;
      if (size === spec.size && source?.id === spec.source?.id && multiWriter === spec.multiWriter) return existing;
      const writers = multiWriter === undefined ? "one writer" : "several writers";
      const rule = `it exists with ${size} bytes for ${writers}, as a copy of ${source?.id ?? "nothing"}`;
      throw failure("already_exists", { cannot, rule, got: spec });
    }
    const least = spec.source === undefined ? 0n : this.#sizeOf(spec.source);
    if (spec.size < least) {
      const rule = `it must have at least the ${least} bytes of its source`;
      throw failure("out_of_range", { cannot, rule, got: spec.size });
    }
    this.#assertFree(spec.size, cannot);
    const volume: Stored = {
      ...spec,
      content: { state: "blank" },
      publications: [],
      lastEpoch: this.#highestEpoch,
      incarnation: String((this.#created += 1)),
      condition: { abnormal: false, message: "in memory" },
    };
    this.#volumes.set(spec.id, volume);
    this.#byNqn.set(exportIdentityOf(this.#cluster, spec.id).nqn, spec.id);
    return volume;
  }

  #sizeOf(source: VolumeSource): Bytes {
    const found = source.kind === "volume" ? this.#volumes.get(source.id) : this.#snapshots.get(source.id);
    if (found !== undefined) return found.size;
    const rule = `there is no source ${source.kind} with that id`;
    throw failure("not_found", { cannot: "create the volume", rule, got: source.id });
  }

  async expand(id: VolumeId, size: Bytes, signal: AbortSignal): Promise<Volume> {
    await this.probe(signal);
    const volume = this.#existing(id, "grow the volume");
    if (volume.size >= size) return volume;
    this.#assertFree(size - volume.size, "grow the volume");
    const grown = { ...volume, size };
    this.#volumes.set(id, grown);
    return grown;
  }

  #existing(id: VolumeId, cannot: string, field = "volume_id"): Stored {
    const volume = this.#volumes.get(id);
    if (volume !== undefined) return volume;
    throw failure("not_found", { cannot, rule: `there is no volume with that ${field}`, got: id });
  }

  async createSnapshot({ id, name, source }: SnapshotSpec, signal: AbortSignal): Promise<Snapshot> {
    await this.probe(signal);
    const cannot = "take the snapshot";
    const existing = this.#snapshots.get(id);
    if (existing?.source === source) return existing;
    if (existing !== undefined) {
      throw failure("already_exists", { cannot, rule: `it exists of ${existing.source}`, got: source });
    }
    const { size } = this.#existing(source, cannot, "source_volume_id");
    this.#assertFree(size, cannot);
    const snapshot: Snapshot = { id, name, source, size, createdAt: new Date() };
    this.#snapshots.set(id, snapshot);
    return snapshot;
  }

  async getSnapshot(id: SnapshotId, signal: AbortSignal): Promise<Snapshot | undefined> {
    await this.probe(signal);
    return this.#snapshots.get(id);
  }

  async listSnapshots(
    source: VolumeId | undefined,
    page: PageRequest<Snapshot>,
    signal: AbortSignal,
  ): Promise<Page<Snapshot>> {
    await this.probe(signal);
    const all = [...this.#snapshots.values()];
    return pageOf(source === undefined ? all : all.filter((snapshot) => snapshot.source === source), page);
  }

  async deleteSnapshot(id: SnapshotId, signal: AbortSignal): Promise<void> {
    await this.probe(signal);
    const group = this.#snapshots.get(id)?.group;
    if (group !== undefined) throw partOfGroup(group, id);
    this.#snapshots.delete(id);
  }

  async #createGroup({ id, name, sources }: SnapshotGroupSpec, signal: AbortSignal): Promise<SnapshotGroup> {
    const existing = await this.#getGroup(id, signal);
    if (existing !== undefined) return sameSources(existing, sources);
    const cannot = "take the group of snapshots";
    const volumes = sources.map((source) => this.#existing(source, cannot, "source_volume_ids"));
    this.#assertFree(
      volumes.reduce((sum, { size }) => sum + size, 0n),
      cannot,
    );
    const createdAt = new Date();
    const taken = volumes.map(({ id: source, size }): Snapshot => {
      return { id: memberIdOf(id, source), name, source, size, createdAt, group: id };
    });
    for (const snapshot of taken) this.#snapshots.set(snapshot.id, snapshot);
    return groupOf(id, taken);
  }

  async #getGroup(id: SnapshotGroupId, signal: AbortSignal): Promise<SnapshotGroup | undefined> {
    await this.probe(signal);
    const members = [...this.#snapshots.values()].filter(({ group }) => group === id);
    return members.length === 0 ? undefined : groupOf(id, members);
  }

  async #deleteGroup(id: SnapshotGroupId, signal: AbortSignal): Promise<void> {
    const found = await this.#getGroup(id, signal);
    for (const snapshot of found?.snapshots ?? []) this.#snapshots.delete(snapshot.id);
  }

  async get(id: VolumeId, signal: AbortSignal): Promise<Volume | undefined> {
    await this.probe(signal);
    return this.#volumes.get(id);
  }

  async list(request: PageRequest<Volume>, signal: AbortSignal): Promise<Page<Volume>> {
    await this.probe(signal);
    return pageOf([...this.#volumes.values()], request);
  }

  async delete(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.probe(signal);
    const holders = this.#volumes.get(id)?.publications.map((held) => held.node) ?? [];
    if (holders.length > 0) {
      throw failure("in_use", { cannot: "delete the volume", rule: "it is published", got: holders });
    }
    this.#volumes.delete(id);
    this.#byNqn.delete(exportIdentityOf(this.#cluster, id).nqn);
  }

  async publish(id: VolumeId, request: PublishRequest, signal: AbortSignal): Promise<Attachment> {
    await this.probe(signal);
    const volume = this.#existing(id, "publish the volume");
    const { publication, ...state } = openPublication(volume, request);
    this.#highestEpoch = Math.max(this.#highestEpoch, state.lastEpoch);
    this.#volumes.set(id, { ...volume, publications: state.publications, lastEpoch: state.lastEpoch });
    return {
      epoch: publication.epoch,
      portals: [{ address: "127.0.0.1", port: 4420 }],
      size: volume.size,
      blankSizes: [volume.size],
      content: volume.content,
      access: publication.access,
      ...(publication.sharing !== undefined && { sharing: publication.sharing }),
    };
  }

  async unpublish(id: VolumeId, revoked: Revoked, signal: AbortSignal): Promise<void> {
    await this.probe(signal);
    const volume = this.#volumes.get(id);
    if (volume === undefined) return;
    const gone = revokedBy(volume.publications, revoked);
    this.#volumes.set(id, { ...volume, publications: volume.publications.filter((held) => !gone.includes(held)) });
  }
}

function assertOnlyPool(pool: string | undefined): void {
  if (pool === undefined || pool === onlyPool) return;
  throw failure("invalid_argument", {
    cannot: "use the StorageClass",
    rule: `parameters.pool must be ${onlyPool}`,
    got: pool,
  });
}
