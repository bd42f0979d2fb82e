/**
 * The target agent: owner of a pool and of its exports on this machine. In `all-in-one` it is called in-process.
 *
 * A1  A decision is durable before its effect: the record is saved first, and every call and every start finishes what
 *     the record says (B1).
 * A2  One call at a time per volume (`#locks`); the machine lock keeps other processes out.
 * A3  Before the first request is served, everything published is exported again, and no listener is open until all of
 *     it is linked (V42, V46): see restore.ts.
 */
import { DomainError, failure } from "../domain/errors.ts";
import { largestWithin, type Bytes } from "../domain/capacity.ts";
import { exportIdentityOf, hostIdentityOf, type ClusterId, type Nqn, type VolumeId } from "../domain/identity.ts";
import type { Access, Attachment, Publication, Volume } from "../domain/model.ts";
import { parseNodeId, type NodeIdParts } from "../domain/node-id.ts";
import { openPublication, revokedBy } from "../domain/publications.ts";
import { KeyedMutex } from "../lib/keyed-lock.ts";
import { observeContent } from "./content.ts";
import type { DesiredExport, Exporter } from "./exporter.ts";
import type { FileLayer } from "./file-layer.ts";
import type { Pool } from "./pool.ts";
import { recordSchema, type BackingIdentity, type VolumeRecord } from "./volume-record.ts";
import { volumeOf } from "./volume-view.ts";

export interface TargetAgentDeps {
  readonly cluster: ClusterId;
  readonly pool: Pool;
  readonly layer: FileLayer;
  readonly exporter: Exporter;
  /** Time of day, for records. */
  readonly now: () => Date;
}

interface VolumeToMake {
  readonly id: VolumeId;
  readonly name: string;
  readonly size: Bytes;
}

const maxNodes = 1;
/** Creations of different volumes must not promise the same room. */
const capacityKey = "capacity";

export class TargetAgent {
  readonly #deps: TargetAgentDeps;
  readonly #locks = new KeyedMutex();
  /** Why a volume could not be exported, until it can. */
  readonly #faults = new Map<VolumeId, string>();

  constructor(deps: TargetAgentDeps) {
    this.#deps = deps;
  }

  /** Records of this cluster's volumes; a pool may hold those of others. */
  records(): readonly VolumeRecord[] {
    return this.#deps.pool.all().filter((record) => record.cluster === this.#deps.cluster);
  }

  async capacity(): Promise<{ readonly available: Bytes; readonly largestVolume: Bytes }> {
    const available = await this.#deps.layer.available();
    return { available, largestVolume: largestWithin(available) };
  }

  get(id: VolumeId): Volume | undefined {
    const record = this.#deps.pool.get(id);
    return record?.state === "ready" ? volumeOf(record, this.#faults.get(id)) : undefined;
  }

  list(): readonly Volume[] {
    return this.records()
      .filter((record) => record.state === "ready")
      .map((record) => volumeOf(record, this.#faults.get(record.id)));
  }

  async create(spec: VolumeToMake): Promise<Volume> {
    return await this.#locks.run(spec.id, async () => {
      const found = this.#deps.pool.get(spec.id);
      if (found?.state === "ready") return this.#sameOrRefuse(found, spec.size);
      if (found !== undefined) await this.#erase(found);
      const draft = await this.#locks.run(capacityKey, async () => this.#reserve(spec));
      const backing = await this.#make(draft);
      return volumeOf(await this.#deps.pool.save({ ...draft, backing, state: "ready" }));
    });
  }

  /** A caller that is told "no room" does not come back: nothing may be left of the attempt. */
  async #make(draft: VolumeRecord): Promise<BackingIdentity> {
    try {
      return await this.#deps.layer.create(draft);
    } catch (error) {
      await this.#erase(draft);
      throw error;
    }
  }

  /** The record is the reservation: from now on its size counts as promised. */
  async #reserve(spec: VolumeToMake): Promise<VolumeRecord> {
    const available = await this.#deps.layer.available();
    if (spec.size <= available) return await this.#deps.pool.save(this.#draft(spec));
    const rule = `the pool has room for ${available} bytes`;
    throw failure("no_capacity", { cannot: "create the volume", rule, got: spec.size });
  }

  #sameOrRefuse(found: VolumeRecord, size: Bytes): Volume {
    if (found.size === size) return volumeOf(found, this.#faults.get(found.id));
    const rule = `it exists with ${found.size} bytes`;
    throw failure("already_exists", { cannot: "create the volume", rule, got: size });
  }

  #draft(spec: VolumeToMake): VolumeRecord {
    return {
      schema: recordSchema,
      ...spec,
      cluster: this.#deps.cluster,
      state: "creating",
      createdAt: this.#deps.now().toISOString(),
      content: { state: "blank" },
      blankSizes: [spec.size],
      // Milliseconds since 1970: above every epoch of an earlier volume of the same name, whose hosts stay revoked.
      lastEpoch: this.#deps.now().getTime(),
      publications: [],
      revoking: [],
    };
  }

  async delete(id: VolumeId): Promise<void> {
    await this.#locks.run(id, async () => {
      const record = this.#deps.pool.get(id);
      if (record === undefined) return;
      const holders = [...record.publications, ...record.revoking].map((held) => held.node);
      if (holders.length > 0) {
        throw failure("in_use", { cannot: `delete volume ${id}`, rule: "it must not be published", got: holders });
      }
      await this.#erase(await this.#deps.pool.save({ ...record, state: "deleting" }));
    });
  }

  /** The file first, the record last: a crash in between leaves a record that says what is left to do. */
  async #erase(record: VolumeRecord): Promise<void> {
    await this.#deps.layer.remove(record);
    await this.#deps.pool.forget(record.id);
    this.#faults.delete(record.id);
  }

  async publish(
    id: VolumeId,
    request: { readonly node: NodeIdParts; readonly access: Access },
    signal: AbortSignal,
  ): Promise<Attachment> {
    return await this.#locks.run(id, async () => {
      const settled = await this.#finishRevocation(this.#ready(id, "publish"), signal);
      const read = await this.#observe(settled, signal);
      const { publication, publications, lastEpoch } = openPublication(read, request, maxNodes);
      const isNew = lastEpoch !== read.lastEpoch;
      const record = isNew ? await this.#deps.pool.save({ ...read, publications, lastEpoch }) : read;
      await this.#deps.exporter.ensure(await this.desired(record));
      this.#faults.delete(id);
      return {
        epoch: publication.epoch,
        portals: this.#deps.exporter.portals,
        size: record.size,
        blankSizes: record.blankSizes,
        content: record.content,
        access: publication.access,
      };
    });
  }

  /** The fence (DESIGN 5.2). Absent volume or publication = done, but a begun revocation is finished first. */
  async unpublish(id: VolumeId, revoked: NodeIdParts | "everyone", signal: AbortSignal): Promise<void> {
    await this.#locks.run(id, async () => {
      const record = this.#deps.pool.get(id);
      if (record === undefined) return;
      const gone = revokedBy(record.publications, revoked);
      const publications = record.publications.filter((held) => !gone.includes(held));
      const revoking = [...record.revoking, ...gone];
      if (revoking.length === 0) return;
      const begun = gone.length > 0 ? await this.#deps.pool.save({ ...record, publications, revoking }) : record;
      await this.#finishRevocation(begun, signal);
    });
  }

  async #finishRevocation(record: VolumeRecord, signal: AbortSignal): Promise<VolumeRecord> {
    if (record.revoking.length === 0) return record;
    const { nqn } = exportIdentityOf(record.cluster, record.id);
    await this.#deps.exporter.withdraw(nqn, hostsOf(record.id, record.revoking));
    return await this.#observe(await this.#deps.pool.save({ ...record, revoking: [] }), signal);
  }

  #ready(id: VolumeId, verb: string): VolumeRecord {
    const record = this.#deps.pool.get(id);
    if (record?.state === "ready") return record;
    throw failure("not_found", { cannot: `${verb} the volume`, rule: "there is no such volume", got: id });
  }

  /** Reads the backing store and keeps what was seen. */
  async #observe(record: VolumeRecord, signal: AbortSignal): Promise<VolumeRecord> {
    const seen = observeContent(record, await this.#deps.layer.content(record, signal), this.#deps.now());
    return seen === record ? record : await this.#deps.pool.save(seen);
  }

  /** What configfs should hold for a record; fails when its backing file is not the one that was made (R7). */
  async desired(record: VolumeRecord): Promise<DesiredExport> {
    const hosts = hostsOf(record.id, record.publications);
    const devicePath = await this.#deps.layer.verified(record);
    return { ...exportIdentityOf(record.cluster, record.id), devicePath, hosts };
  }

  /** Finishes or undoes what a crash interrupted, for one volume. */
  async settle(record: VolumeRecord, signal: AbortSignal): Promise<void> {
    await this.#locks.run(record.id, async () => {
      if (record.state !== "ready") await this.#erase(record);
      else await this.#guarded(record.id, async () => this.#finishRevocation(record, signal));
    });
  }

  /** One export of a restore; a fault is kept for the volume's condition and does not stop the others. */
  async restore(id: VolumeId, step: "prepare" | "link", signal: AbortSignal): Promise<void> {
    await this.#locks.run(id, async () => {
      const record = this.#ready(id, "restore");
      await this.#guarded(id, async () => {
        if (step === "link") {
          if (!this.#faults.has(id)) await this.#deps.exporter.link(exportIdentityOf(record.cluster, id).nqn);
        } else await this.#deps.exporter.prepare(await this.desired(await this.#observe(record, signal)));
      });
    });
  }

  /** Looks at the content of a published volume that was blank so far (DESIGN 5.1 a). */
  async lookAt(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#locks.run(id, async () => {
      const record = this.#deps.pool.get(id);
      if (record?.state !== "ready" || record.content.state !== "blank") return;
      await this.#guarded(id, async () => this.#observe(record, signal));
    });
  }

  async #guarded(id: VolumeId, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.#faults.set(id, error.message);
    }
  }
}

/** The host NQNs that publications stand for. */
function hostsOf(id: VolumeId, publications: readonly Publication[]): readonly Nqn[] {
  return publications.map(({ node, epoch }) => {
    const parts = parseNodeId(node);
    if (parts === undefined) throw new Error(`BUG: unparsed node id ${node}`);
    return hostIdentityOf(parts.uuid, id, epoch).hostNqn;
  });
}
