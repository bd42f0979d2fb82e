/**
 * The reference back end: the whole contract (backends/backend.ts) over a Map. It stores no data; it is for csi-sanity,
 * contract and fuzz tests, and for reading what a back end has to do.
 */
import { largestWithin, type Bytes } from "../../domain/capacity.ts";
import { failure } from "../../domain/errors.ts";
import {
  exportIdentityOf,
  hostIdentityOf,
  type ClusterId,
  type Nqn,
  type Uuid,
  type VolumeId,
} from "../../domain/identity.ts";
import type { Attachment, Volume } from "../../domain/model.ts";
import { parseNodeId } from "../../domain/node-id.ts";
import { pageOf, type Page, type PageRequest } from "../../domain/page.ts";
import { holdersAtMost, openPublication, revokedBy } from "../../domain/publications.ts";
import type { Backend, Capacity, PublishRequest, Revoked, VolumeSpec } from "../backend.ts";

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

export class MemoryBackend implements Backend {
  readonly name = "memory";
  readonly #total: Bytes;
  readonly #cluster: ClusterId;
  readonly #byNqn = new Map<Nqn, VolumeId>();
  #created = 0;
  /** Over all volumes that ever were: one that is made again under an old name opens no old epoch. */
  #highestEpoch = 0;
  readonly #volumes = new Map<VolumeId, Stored>();

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

  async capacity(signal: AbortSignal): Promise<Capacity> {
    await this.probe(signal);
    return { available: this.#free(), largestVolume: largestWithin(this.#free()) };
  }

  #free(): Bytes {
    return this.#total - [...this.#volumes.values()].reduce((sum, volume) => sum + volume.size, 0n);
  }

  async create(spec: VolumeSpec, signal: AbortSignal): Promise<Volume> {
    await this.probe(signal);
    const existing = this.#volumes.get(spec.id);
    if (existing?.size === spec.size) return existing;
    if (existing !== undefined) {
      const rule = `it exists with ${existing.size} bytes`;
      throw failure("already_exists", { cannot: "create the volume", rule, got: spec.size });
    }
    if (spec.size > this.#free()) {
      const rule = `the pool has ${this.#free()} bytes left`;
      throw failure("no_capacity", { cannot: "create the volume", rule, got: spec.size });
    }
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

  async get(id: VolumeId, signal: AbortSignal): Promise<Volume | undefined> {
    await this.probe(signal);
    return this.#volumes.get(id);
  }

  async list(request: PageRequest, signal: AbortSignal): Promise<Page<Volume>> {
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
    const volume = this.#volumes.get(id);
    if (volume === undefined) {
      const rule = "there is no volume with that volume_id";
      throw failure("not_found", { cannot: "publish the volume", rule, got: id });
    }
    const { publication, ...state } = openPublication(volume, request, holdersAtMost);
    this.#highestEpoch = Math.max(this.#highestEpoch, state.lastEpoch);
    this.#volumes.set(id, { ...volume, publications: state.publications, lastEpoch: state.lastEpoch });
    return {
      epoch: publication.epoch,
      portals: [{ address: "127.0.0.1", port: 4420 }],
      size: volume.size,
      blankSizes: [volume.size],
      content: volume.content,
      access: publication.access,
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
