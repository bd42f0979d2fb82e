/**
 * The target agent: owner of a pool and of its exports on this machine. In `all-in-one` it is called in-process.
 *
 * A1  A decision is durable before its effect: the record is saved first, and every call and every start finishes what
 *     the record says (B1).
 * A2  One call at a time per volume (`#locks`); the machine lock keeps other processes out.
 * A3  Before the first request is served, everything published is exported again, and no listener is open until all of
 *     it is linked (V42, V46): see restore.ts.
 */
import { failure, messageOf } from "../domain/errors.ts";
import { largestWithin, type Bytes } from "../domain/capacity.ts";
import { hostIdentityOf, type ClusterId, type Nqn, type VolumeId } from "../domain/identity.ts";
import type { Access, Attachment, Publication, Volume } from "../domain/model.ts";
import { parseNodeId, type NodeIdParts } from "../domain/node-id.ts";
import { pageOf, type Page, type PageRequest } from "../domain/page.ts";
import { holdersAtMost, openPublication, revokedBy } from "../domain/publications.ts";
import { KeyedMutex } from "../lib/keyed-lock.ts";
import { observeContent } from "./content.ts";
import type { DesiredExport, Exporter } from "./exporter.ts";
import type { FileLayer } from "./file-layer.ts";
import type { Pool } from "./pool.ts";
import { exportOf, recordSchema, type BackingIdentity, type VolumeRecord } from "./volume-record.ts";
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

/** Creations of different volumes must not promise the same room. */
const capacityKey = "capacity";

export class TargetAgent {
  readonly #deps: TargetAgentDeps;
  readonly #locks = new KeyedMutex();
  /** Why a volume could not be exported, or settled at the start, until it can. */
  readonly #faults = new Map<VolumeId, string>();
  /** Why a volume's content could not be looked at, until it can. */
  readonly #blindness = new Map<VolumeId, string>();

  constructor(deps: TargetAgentDeps) {
    this.#deps = deps;
  }

  /** Records of this cluster's volumes; a pool may hold those of others. */
  records(): readonly VolumeRecord[] {
    return this.#deps.pool.all().filter((record) => record.cluster === this.#deps.cluster);
  }

  /** Volumes of another cluster are not there. */
  #record(id: VolumeId): VolumeRecord | undefined {
    const record = this.#deps.pool.get(id);
    return record?.cluster === this.#deps.cluster ? record : undefined;
  }

  #view(record: VolumeRecord): Volume {
    return volumeOf(record, this.#faults.get(record.id) ?? this.#blindness.get(record.id));
  }

  async probe(signal: AbortSignal): Promise<void> {
    await this.capacity(signal);
  }

  async capacity(signal: AbortSignal): Promise<{ readonly available: Bytes; readonly largestVolume: Bytes }> {
    signal.throwIfAborted();
    const available = await this.#deps.layer.available();
    return { available, largestVolume: largestWithin(available) };
  }

  async get(id: VolumeId, signal: AbortSignal): Promise<Volume | undefined> {
    signal.throwIfAborted();
    const record = this.#record(id);
    return await Promise.resolve(record?.state === "ready" ? this.#view(record) : undefined);
  }

  async list(page: PageRequest, signal: AbortSignal): Promise<Page<Volume>> {
    signal.throwIfAborted();
    const ready = this.records().filter((record) => record.state === "ready");
    return await Promise.resolve(
      pageOf(
        ready.map((record) => this.#view(record)),
        page,
      ),
    );
  }

  async create(spec: VolumeToMake, signal: AbortSignal): Promise<Volume> {
    return await this.#locks.run(spec.id, signal, async () => {
      const found = this.#record(spec.id);
      if (found?.state === "ready") return this.#sameOrRefuse(found, spec.size);
      if (found !== undefined) await this.#erase(found);
      await this.#assertVacant(spec.id);
      const draft = await this.#locks.run(capacityKey, signal, async () => this.#reserve(spec));
      const backing = await this.#make(draft);
      return volumeOf(await this.#deps.pool.save({ ...draft, backing, state: "ready" }));
    });
  }

  /** What bears the volume's name without being known as this cluster's volume is somebody's data. */
  async #assertVacant(id: VolumeId): Promise<void> {
    const cannot = `create volume ${id}`;
    const other = this.#deps.pool.get(id);
    if (other !== undefined) {
      throw failure("precondition", { cannot, rule: "the pool has it for another cluster", got: other.cluster });
    }
    await this.#deps.layer.assertVacant(id);
  }

  /** A caller that is told "no room" does not come back: nothing may be left of the attempt. */
  async #make(draft: VolumeRecord): Promise<BackingIdentity> {
    try {
      return await this.#deps.layer.create(draft);
    } catch (error) {
      // The layer took its own file away; one that is there now is somebody else's.
      await this.#deps.pool.forget(draft.id);
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
    if (found.size === size) return this.#view(found);
    const rule = `it exists with ${found.size} bytes`;
    throw failure("already_exists", { cannot: "create the volume", rule, got: size });
  }

  #draft(spec: VolumeToMake): VolumeRecord {
    return {
      schema: recordSchema,
      layer: "file",
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

  async delete(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#locks.run(id, signal, async () => {
      const record = this.#record(id);
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
    this.#blindness.delete(record.id);
  }

  async publish(
    id: VolumeId,
    request: { readonly node: NodeIdParts; readonly access: Access },
    signal: AbortSignal,
  ): Promise<Attachment> {
    return await this.#locks.run(id, signal, async () => {
      const settled = await this.#finishRevocation(this.#ready(id), signal);
      const read = await this.#observe(settled, signal);
      const { publication, publications, lastEpoch } = openPublication(read, request, holdersAtMost);
      const isNew = lastEpoch !== read.lastEpoch;
      const record = isNew ? await this.#deps.pool.save({ ...read, publications, lastEpoch }) : read;
      await this.#deps.exporter.ensure(await this.#desired(record), signal);
      this.#faults.delete(id);
      return {
        epoch: publication.epoch,
        portals: this.#deps.exporter.ports.portals,
        size: record.size,
        blankSizes: record.blankSizes,
        content: record.content,
        access: publication.access,
      };
    });
  }

  /** The fence (DESIGN 5.2). Absent volume or publication = done, but a begun revocation is finished first. */
  async unpublish(id: VolumeId, revoked: NodeIdParts | "everyone", signal: AbortSignal): Promise<void> {
    await this.#locks.run(id, signal, async () => {
      const record = this.#record(id);
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
    const { nqn } = exportOf(record);
    await this.#deps.exporter.withdraw(nqn, hostsOf(record.id, record.revoking), signal);
    const fenced = await this.#deps.pool.save({ ...record, revoking: [] });
    // The fence is done; a failed look must not make it look undone.
    await this.#look(fenced, signal);
    return this.#deps.pool.get(record.id) ?? fenced;
  }

  #ready(id: VolumeId): VolumeRecord {
    const record = this.#record(id);
    if (record?.state === "ready") return record;
    const rule = "there is no volume with that volume_id";
    throw failure("not_found", { cannot: "publish the volume", rule, got: id });
  }

  /** Reads the backing store and keeps what was seen. */
  async #observe(record: VolumeRecord, signal: AbortSignal): Promise<VolumeRecord> {
    const seen = observeContent(record, await this.#deps.layer.content(record, signal), this.#deps.now());
    this.#blindness.delete(record.id);
    return seen === record ? record : await this.#deps.pool.save(seen);
  }

  /** A look whose failure is a word in the volume's condition, and no more. */
  async #look(record: VolumeRecord, signal: AbortSignal): Promise<void> {
    await noting(this.#blindness, record.id, signal, async () => this.#observe(record, signal));
  }

  /** What configfs should hold for a record; fails when its backing file is not the one that was made (R7). */
  async #desired(record: VolumeRecord): Promise<DesiredExport> {
    const hosts = hostsOf(record.id, record.publications);
    const devicePath = await this.#deps.layer.verified(record);
    return { ...exportOf(record), devicePath, hosts };
  }

  /** Finishes or undoes what a crash interrupted, for one volume. */
  async settle(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#locks.run(id, signal, async () => {
      const record = this.#record(id);
      if (record === undefined) return;
      await noting(this.#faults, id, signal, async () => {
        if (record.state === "ready") await this.#finishRevocation(record, signal);
        else await this.#erase(record);
      });
    });
  }

  isFaulty(id: VolumeId): boolean {
    return this.#faults.has(id);
  }

  /** One export of a restore, without its port links; a fault is a word in its condition and does not stop the others. */
  async prepare(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#locks.run(id, signal, async () => {
      const record = this.#record(id);
      if (record?.state !== "ready" || record.publications.length === 0) return;
      await this.#look(record, signal);
      await noting(this.#faults, id, signal, async () => {
        await this.#deps.exporter.prepare(await this.#desired(record), signal);
      });
    });
  }

  /** Makes a prepared export reachable, unless it is faulty. */
  async link(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#locks.run(id, signal, async () => {
      const record = this.#record(id);
      if (record === undefined || record.publications.length === 0 || this.isFaulty(id)) return;
      const { nqn } = exportOf(record);
      await noting(this.#faults, id, signal, async () => this.#deps.exporter.link(nqn, signal));
    });
  }

  /** Looks at the content of a published volume that was blank so far (DESIGN 5.1 a). */
  async lookAt(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#locks.run(id, signal, async () => {
      const record = this.#record(id);
      if (record?.state === "ready" && record.content.state === "blank") await this.#look(record, signal);
    });
  }
}

/** Keeps why `work` failed, whatever the reason, until it succeeds; only the end of `signal` passes on. */
async function noting(
  reasons: Map<VolumeId, string>,
  id: VolumeId,
  signal: AbortSignal,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
    reasons.delete(id);
  } catch (error) {
    reasons.set(id, messageOf(error));
    signal.throwIfAborted();
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
