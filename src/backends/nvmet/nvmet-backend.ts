/**
 * The back end `nvmet`: Linux kernel targets, reached through the target agent that owns them. This room knows the
 * agent only as the calls of the contract, so that it makes no difference whether it runs in this process or on another
 * machine.
 */
import type { Bytes } from "../../domain/capacity.ts";
import type { SnapshotId, VolumeId } from "../../domain/identity.ts";
import type { Attachment, Snapshot, Volume } from "../../domain/model.ts";
import type { Page, PageRequest } from "../../domain/page.ts";
import type {
  Backend,
  Capacity,
  CapacityRequest,
  PublishRequest,
  Revoked,
  SnapshotGroups,
  SnapshotSpec,
  VolumeSpec,
} from "../backend.ts";

/** What the back end asks of a target agent. */
export type AgentCalls = Omit<Backend, "name">;

export class NvmetBackend implements Backend {
  readonly name = "nvmet";
  readonly groups?: SnapshotGroups;
  readonly #agent: AgentCalls;

  constructor({ agent }: { readonly agent: AgentCalls }) {
    this.#agent = agent;
    if (agent.groups !== undefined) this.groups = agent.groups;
  }

  async probe(signal: AbortSignal): Promise<void> {
    await this.#agent.probe(signal);
  }

  async capacity(request: CapacityRequest, signal: AbortSignal): Promise<Capacity> {
    return await this.#agent.capacity(request, signal);
  }

  async create(spec: VolumeSpec, signal: AbortSignal): Promise<Volume> {
    return await this.#agent.create(spec, signal);
  }

  async get(id: VolumeId, signal: AbortSignal): Promise<Volume | undefined> {
    return await this.#agent.get(id, signal);
  }

  async list(page: PageRequest<Volume>, signal: AbortSignal): Promise<Page<Volume>> {
    return await this.#agent.list(page, signal);
  }

  async delete(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#agent.delete(id, signal);
  }

  async expand(id: VolumeId, size: Bytes, signal: AbortSignal): Promise<Volume> {
    return await this.#agent.expand(id, size, signal);
  }

  async createSnapshot(spec: SnapshotSpec, signal: AbortSignal): Promise<Snapshot> {
    return await this.#agent.createSnapshot(spec, signal);
  }

  async getSnapshot(id: SnapshotId, signal: AbortSignal): Promise<Snapshot | undefined> {
    return await this.#agent.getSnapshot(id, signal);
  }

  async listSnapshots(
    source: VolumeId | undefined,
    page: PageRequest<Snapshot>,
    signal: AbortSignal,
  ): Promise<Page<Snapshot>> {
    return await this.#agent.listSnapshots(source, page, signal);
  }

  async deleteSnapshot(id: SnapshotId, signal: AbortSignal): Promise<void> {
    await this.#agent.deleteSnapshot(id, signal);
  }

  async publish(id: VolumeId, request: PublishRequest, signal: AbortSignal): Promise<Attachment> {
    return await this.#agent.publish(id, request, signal);
  }

  async unpublish(id: VolumeId, revoked: Revoked, signal: AbortSignal): Promise<void> {
    await this.#agent.unpublish(id, revoked, signal);
  }
}
