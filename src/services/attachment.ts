/**
 * Which node may use a volume: publish and the fence (DESIGN 5.2). Exclusivity is the back end's decision (B3); here
 * lies only what the container orchestrator's node ids mean.
 */
import type { Backend } from "../backends/backend.ts";
import { failure } from "../domain/errors.ts";
import type { VolumeId } from "../domain/identity.ts";
import type { Access, Attachment } from "../domain/model.ts";
import { parseNodeId } from "../domain/node-id.ts";
import type { FormatMarks } from "../node-journal/index.ts";

type Publications = Pick<Backend, "get" | "publish" | "unpublish">;

export class Attachments {
  readonly #backend: Publications;
  readonly #marks: Pick<FormatMarks, "remove"> | undefined;

  /** `marks` are those of this host's node service, where it runs in this process. */
  constructor(deps: { readonly backend: Publications; readonly marks?: Pick<FormatMarks, "remove"> }) {
    this.#backend = deps.backend;
    this.#marks = deps.marks;
  }

  async publish(
    volume: VolumeId,
    request: { readonly nodeId: string; readonly access: Access },
    signal: AbortSignal,
  ): Promise<Attachment> {
    const node = parseNodeId(request.nodeId);
    if (node === undefined) {
      const rule = "node_id must be one that this driver's NodeGetInfo gave out";
      throw failure("not_found", { cannot: "publish the volume", rule, got: request.nodeId });
    }
    return await this.#backend.publish(volume, { node, access: request.access }, signal);
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
