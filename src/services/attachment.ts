/**
 * Which node may use a volume: publish and the fence (DESIGN 5.2). Who may hold it beside whom is the back end's decision
 * (B3); here lies only what the container orchestrator's node ids mean, and how many volumes a node may have.
 */
import type { Backend } from "../backends/backend.ts";
import { failure } from "../domain/errors.ts";
import type { VolumeId } from "../domain/identity.ts";
import type { Access, Attachment, Sharing, Volume } from "../domain/model.ts";
import { parseNodeId, type NodeIdParts } from "../domain/node-id.ts";
import type { FormatMarks } from "../node-journal/index.ts";

type Publications = Pick<Backend, "get" | "list" | "publish" | "unpublish">;

/** What a caller asks for. */
export interface AttachRequest {
  readonly nodeId: string;
  readonly access: Access;
  /** With nobody unless given. */
  readonly sharing?: Sharing;
}

export class Attachments {
  readonly #backend: Publications;
  readonly #marks: Pick<FormatMarks, "remove"> | undefined;
  readonly #maxVolumes: number;

  constructor(deps: {
    readonly backend: Publications;
    /** Those of this host's node service, where it runs in this process. */
    readonly marks?: Pick<FormatMarks, "remove">;
    /** That a node may have; 0 = no limit. */
    readonly maxVolumes: number;
  }) {
    this.#backend = deps.backend;
    this.#marks = deps.marks;
    this.#maxVolumes = deps.maxVolumes;
  }

  async publish(volume: VolumeId, request: AttachRequest, signal: AbortSignal): Promise<Attachment> {
    const { nodeId, ...how } = request;
    const node = parseNodeId(nodeId);
    if (node === undefined) {
      const rule = "node_id must be one that this driver's NodeGetInfo gave out";
      throw failure("not_found", { cannot: "publish the volume", rule, got: nodeId });
    }
    await this.#assertRoomOn(node, volume, signal);
    return await this.#backend.publish(volume, { node, ...how }, signal);
  }

  /** The scheduler keeps to the limit too, but not everybody asks it. */
  async #assertRoomOn(node: NodeIdParts, volume: VolumeId, signal: AbortSignal): Promise<void> {
    if (this.#maxVolumes === 0) return;
    const isHolder = ({ publications }: Volume) =>
      publications.some((held) => parseNodeId(held.node)?.uuid === node.uuid);
    const { items } = await this.#backend.list({}, signal);
    const others = items.filter((other) => other.id !== volume && isHolder(other)).length;
    if (others < this.#maxVolumes) return;
    const rule = `a node may have ${this.#maxVolumes} volumes (--max-volumes), and this one has as many`;
    throw failure("no_capacity", { cannot: "publish the volume", rule, got: node.id });
  }

  /** An empty node id revokes every node; an id that this driver never gave out has nothing to revoke. */
  async unpublish(volume: VolumeId, nodeId: string, signal: AbortSignal): Promise<void> {
    const revoked = nodeId === "" ? "everyone" : parseNodeId(nodeId);
    if (revoked === undefined) return;
    await this.#backend.unpublish(volume, revoked, signal);
    if (this.#marks === undefined) return;
    // The call may have been about another node than the one that holds the volume.
    const left = await this.#backend.get(volume, signal);
    if (left === undefined || left.publications.length === 0) await this.#marks.remove(volume);
  }
}
