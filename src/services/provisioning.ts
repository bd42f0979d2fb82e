/**
 * Volumes come, grow and go: create, expand, delete, look up, list.
 *
 * U1  A volume's id is a function of cluster and name: a repeated create finds what an earlier one made (R15).
 * U2  Found with a fitting size, the same source and the same number of writers = the same volume; otherwise already_exists.
 *     Other class parameters do not count: they shape the first mkfs and not the volume, and the answer to the last create
 *     is what a node is told.
 * U3  A range that no volume can have is refused as such, whatever is there.
 */
import type { Backend, Capacity, CapacityRequest } from "../backends/backend.ts";
import { chooseGrowth, chooseSize, satisfies, type Bytes, type CapacityRange } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import { volumeIdOf, type ClusterId, type VolumeId } from "../domain/identity.ts";
import type { MultiWriter, Volume, VolumeSource } from "../domain/model.ts";
import type { Page, PageRequest } from "../domain/page.ts";
import type { TopologyRequirement } from "../domain/topology.ts";

export interface CreateRequest {
  readonly name: string;
  readonly capacity: CapacityRange;
  /** What the volume is to be a copy of. */
  readonly source?: VolumeSource;
  /** Name of the pool to make it in. */
  readonly pool?: string;
  /** Where it is to be reachable from. */
  readonly topology?: TopologyRequirement;
  /** As the class says. */
  readonly multiWriter?: MultiWriter;
}

export class Provisioning {
  readonly #backend: Backend;
  readonly #cluster: ClusterId;

  constructor(deps: { readonly backend: Backend; readonly cluster: ClusterId }) {
    this.#backend = deps.backend;
    this.#cluster = deps.cluster;
  }

  async create(request: CreateRequest, signal: AbortSignal): Promise<Volume> {
    const { name, capacity, source, ...more } = request;
    // U3: before anything is looked up.
    const alone = chooseSize(capacity);
    const id = volumeIdOf(this.#cluster, name);
    const existing = await this.#backend.get(id, signal);
    if (existing !== undefined) return sameOrRefuse(existing, request);
    const size = source === undefined ? alone : chooseSize(capacity, await this.#sizeOf(source, signal));
    return await this.#backend.create({ id, name, size, ...(source && { source }), ...more }, signal);
  }

  async #sizeOf(source: VolumeSource, signal: AbortSignal): Promise<Bytes> {
    const found =
      source.kind === "volume"
        ? await this.#backend.get(source.id, signal)
        : await this.#backend.getSnapshot(source.id, signal);
    if (found !== undefined) return found.size;
    const rule = `there is no ${source.kind} with the id in volume_content_source`;
    throw failure("not_found", { cannot: "create the volume", rule, got: source.id });
  }

  /** Done already is done; never smaller. */
  async expand(id: VolumeId, capacity: CapacityRange, signal: AbortSignal): Promise<Volume> {
    const { size } = await this.get(id, signal);
    return await this.#backend.expand(id, chooseGrowth(capacity, size), signal);
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

  async list(page: PageRequest<Volume>, signal: AbortSignal): Promise<Page<Volume>> {
    return await this.#backend.list(page, signal);
  }

  async capacity(request: CapacityRequest, signal: AbortSignal): Promise<Capacity> {
    return await this.#backend.capacity(request, signal);
  }
}

/** U2. */
function sameOrRefuse(existing: Volume, { capacity, source, multiWriter }: CreateRequest): Volume {
  const cannot = "create the volume";
  if (existing.multiWriter !== multiWriter) {
    const rule = `a volume of that name exists for ${existing.multiWriter === undefined ? "one writer" : "several writers"}`;
    throw failure("already_exists", { cannot, rule, got: multiWriter ?? "no multiWriter" });
  }
  if (existing.source?.id !== source?.id) {
    const rule = `a volume of that name exists as a copy of ${existing.source?.id ?? "nothing"}`;
    throw failure("already_exists", { cannot, rule, got: source ?? "no volume_content_source" });
  }
  if (satisfies(existing.size, capacity)) return existing;
  const rule = `a volume of that name exists with ${existing.size} bytes, outside capacity_range`;
  throw failure("already_exists", { cannot, rule, got: capacity });
}
