/**
 * The back end `nvmet`: Linux kernel targets, reached through the target agent that owns them. This room knows the
 * agent only by the calls below, so that it makes no difference whether the agent is in-process or on another machine.
 */
import type { Bytes } from "../../domain/capacity.ts";
import type { VolumeId } from "../../domain/identity.ts";
import type { Attachment, Volume } from "../../domain/model.ts";
import type { Backend, Capacity, Page, PageRequest, PublishRequest, Revoked, VolumeSpec } from "../backend.ts";

/** What the back end asks of a target agent. */
export interface AgentCalls {
  capacity(): Promise<{ readonly available: Bytes; readonly largestVolume: Bytes }>;
  get(id: VolumeId): Volume | undefined;
  list(): readonly Volume[];
  create(spec: VolumeSpec): Promise<Volume>;
  delete(id: VolumeId): Promise<void>;
  publish(id: VolumeId, request: PublishRequest, signal: AbortSignal): Promise<Attachment>;
  unpublish(id: VolumeId, revoked: Revoked, signal: AbortSignal): Promise<void>;
}

export class NvmetBackend implements Backend {
  readonly name = "nvmet";
  readonly capabilities = { maxNodesPerVolume: 1, readOnlyPublications: false };
  readonly #agent: AgentCalls;

  constructor(deps: { readonly agent: AgentCalls }) {
    this.#agent = deps.agent;
  }

  async probe(signal: AbortSignal): Promise<void> {
    await this.capacity(signal);
  }

  async capacity(signal: AbortSignal): Promise<Capacity> {
    signal.throwIfAborted();
    return await this.#agent.capacity();
  }

  async create(spec: VolumeSpec, signal: AbortSignal): Promise<Volume> {
    signal.throwIfAborted();
    return await this.#agent.create(spec);
  }

  async get(id: VolumeId, signal: AbortSignal): Promise<Volume | undefined> {
    signal.throwIfAborted();
    return await Promise.resolve(this.#agent.get(id));
  }

  async list({ limit, after }: PageRequest, signal: AbortSignal): Promise<Page<Volume>> {
    signal.throwIfAborted();
    const rest = this.#agent.list().filter((volume) => after === undefined || volume.id > after);
    const items = rest.slice(0, limit);
    const last = items.at(-1);
    return await Promise.resolve(items.length < rest.length && last ? { items, next: last.id } : { items });
  }

  async delete(id: VolumeId, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#agent.delete(id);
  }

  async publish(id: VolumeId, request: PublishRequest, signal: AbortSignal): Promise<Attachment> {
    return await this.#agent.publish(id, request, signal);
  }

  async unpublish(id: VolumeId, revoked: Revoked, signal: AbortSignal): Promise<void> {
    await this.#agent.unpublish(id, revoked, signal);
  }
}
