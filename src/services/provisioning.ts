/**
 * Volumes come and go: create, delete, look up, list.
 *
 * U1  A volume's id is a function of cluster and name: a repeated create finds what an earlier one made (R15).
 * U2  Found with a fitting size = the same volume; found with another size = already_exists. Class parameters do not
 *     count: they shape the first mkfs and not the volume, and the answer to the last create is what a node is told.
 */
import type { Backend, Capacity } from "../backends/backend.ts";
import { chooseSize, satisfies, type CapacityRange } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import { volumeIdOf, type ClusterId, type VolumeId } from "../domain/identity.ts";
import type { Volume } from "../domain/model.ts";
import type { Page, PageRequest } from "../domain/page.ts";

export interface CreateRequest {
  readonly name: string;
  readonly capacity: CapacityRange;
}

export class Provisioning {
  readonly #backend: Backend;
  readonly #cluster: ClusterId;

  constructor(deps: { readonly backend: Backend; readonly cluster: ClusterId }) {
    this.#backend = deps.backend;
    this.#cluster = deps.cluster;
  }

  async create({ name, capacity }: CreateRequest, signal: AbortSignal): Promise<Volume> {
    const size = chooseSize(capacity);
    const id = volumeIdOf(this.#cluster, name);
    const existing = await this.#backend.get(id, signal);
    if (existing === undefined) return await this.#backend.create({ id, name, size }, signal);
    if (satisfies(existing.size, capacity)) return existing;
    const rule = `a volume of that name exists with ${existing.size} bytes, outside capacity_range`;
    throw failure("already_exists", { cannot: "create the volume", rule, got: capacity });
  }

  async delete(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#backend.delete(id, signal);
  }

  /** The volume, or a not_found error. */
  async get(id: VolumeId, signal: AbortSignal): Promise<Volume> {
    const volume = await this.#backend.get(id, signal);
    if (volume !== undefined) return volume;
    throw failure("not_found", { cannot: "find the volume", rule: "there is no volume with that volume_id", got: id });
  }

  async list(page: PageRequest, signal: AbortSignal): Promise<Page<Volume>> {
    return await this.#backend.list(page, signal);
  }

  async capacity(signal: AbortSignal): Promise<Capacity> {
    return await this.#backend.capacity(signal);
  }
}
