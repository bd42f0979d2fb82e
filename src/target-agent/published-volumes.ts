/**
 * Who may reach which volume of a target agent: publish, and the fence (DESIGN 5.2).
 *
 * P1  A publication that ends is listed as `revoking` until the fence is proven; every later call finishes it first.
 * P2  The last holders go with the export; where others stay, they keep it and reconnect. On a kernel that cannot do that,
 *     as after a move of the pool, everybody loses it, and the others get it back.
 */
import { failure } from "../domain/errors.ts";
import type { VolumeId } from "../domain/identity.ts";
import type { Attachment } from "../domain/model.ts";
import type { NodeIdParts } from "../domain/node-id.ts";
import { openPublication, revokedBy, type PublicationRequest } from "../domain/publications.ts";
import { hostsOf, type AgentState } from "./agent-state.ts";
import { settleGrowth } from "./settle-growth.ts";
import { exportOf, type VolumeRecord } from "./volume-record.ts";

export class PublishedVolumes {
  readonly #state: AgentState;

  constructor(state: AgentState) {
    this.#state = state;
  }

  async publish(id: VolumeId, request: PublicationRequest, signal: AbortSignal): Promise<Attachment> {
    const { pool, exporter } = this.#state.deps;
    return await this.#state.locked([id], signal, async () => {
      const fenced = await this.finish(this.#ready(id), signal);
      const settled = await settleGrowth(this.#state.deps, fenced);
      const read = await this.#state.observe(settled, signal);
      const { publication, publications, lastEpoch } = openPublication(read, request, exporter.obstacle);
      const isNew = lastEpoch !== read.lastEpoch;
      const record = isNew ? await pool.volumes.save({ ...read, publications, lastEpoch }) : read;
      await exporter.ensure(await this.#state.desired(record), signal);
      this.#state.acquit(id);
      return {
        epoch: publication.epoch,
        portals: exporter.ports.portals,
        size: record.size,
        blankSizes: record.blankSizes,
        content: record.content,
        access: publication.access,
        ...(publication.sharing !== undefined && { sharing: publication.sharing }),
      };
    });
  }

  #ready(id: VolumeId): VolumeRecord {
    const record = this.#state.record(id);
    if (record?.state === "ready") return record;
    const rule = "there is no volume with that volume_id";
    throw failure("not_found", { cannot: "publish the volume", rule, got: id });
  }

  /** Absent volume or publication = done, but a begun revocation is finished first. */
  async unpublish(id: VolumeId, revoked: NodeIdParts | "everyone", signal: AbortSignal): Promise<void> {
    const { pool } = this.#state.deps;
    await this.#state.locked([id], signal, async () => {
      const record = this.#state.record(id);
      if (record === undefined) return;
      const gone = revokedBy(record.publications, revoked);
      const publications = record.publications.filter((held) => !gone.includes(held));
      const revoking = [...record.revoking, ...gone];
      if (revoking.length === 0) return;
      const begun = gone.length > 0 ? await pool.volumes.save({ ...record, publications, revoking }) : record;
      const fenced = await this.finish(begun, signal);
      if (fenced.publications.length > 0) await this.#keep(fenced, signal);
    });
  }

  /** P2. The fence is done; what fails here is a fault of the volume, and tried again (upkeep.ts). */
  async #keep(record: VolumeRecord, signal: AbortSignal): Promise<void> {
    await this.#state.guarded(record.id, signal, async () =>
      this.#state.deps.exporter.ensure(await this.#state.desired(record), signal),
    );
  }

  /** P1. Needs nothing of the pool but its records. */
  async finish(record: VolumeRecord, signal: AbortSignal): Promise<VolumeRecord> {
    if (record.revoking.length === 0) return record;
    const { pool, exporter, layer } = this.#state.deps;
    const { nqn } = exportOf(record);
    const revoked = hostsOf(record.id, record.revoking);
    if (record.publications.length === 0 || exporter.obstacle !== undefined) {
      await exporter.withdraw(nqn, revoked, signal);
    } else {
      await exporter.putOut(nqn, revoked, signal);
      await layer.drain(record.id, signal);
    }
    const fenced = await pool.volumes.save({ ...record, revoking: [] });
    // The fence is done; a failed look must not make it look undone.
    await this.#state.look(fenced, signal);
    return this.#state.record(record.id) ?? fenced;
  }
}
