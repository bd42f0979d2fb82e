/**
 * The rules of publications, as pure functions over a volume's list: every back end that keeps its own records decides
 * with these, so `memory` and `nvmet` cannot differ.
 *
 * P1  At most `maxNodes` nodes hold a volume; the refusal names the holders.
 * P2  A repeated publish finds its own publication and opens no new epoch.
 * P3  An epoch is used once: the counter only grows (V41).
 */
import { failure } from "./errors.ts";
import type { Access, Publication } from "./model.ts";
import { parseNodeId, type NodeIdParts } from "./node-id.ts";

export interface Publishing {
  readonly publications: readonly Publication[];
  /** The last epoch that was ever opened, in this life of the volume or an earlier one of its name. */
  readonly lastEpoch: number;
}

export interface Opened extends Publishing {
  readonly publication: Publication;
}

/** Nodes that may hold one volume at the same time: one, whatever the back end. */
export const holdersAtMost = 1;

/** The publication of a node: found (P2) or opened anew (P3). */
export function openPublication(
  state: Publishing,
  request: { readonly node: NodeIdParts; readonly access: Access },
  maxNodes: number,
): Opened {
  const { node, access } = request;
  const own = state.publications.find((held) => isOf(held, node));
  if (own !== undefined) {
    if (own.access === access) return { ...state, publication: own };
    const rule = `it is published to this node ${own.access} already`;
    throw failure("already_exists", { cannot: "publish the volume", rule, got: access });
  }
  if (state.publications.length >= maxNodes) {
    const holders = state.publications.map((held) => held.node).join(", ");
    const rule = `it is published to ${holders}, and ${maxNodes} node at a time may hold it`;
    throw failure("attached_elsewhere", { cannot: "publish the volume", rule, got: node.id });
  }
  const publication: Publication = { epoch: state.lastEpoch + 1, node: node.id, access };
  return { publications: [...state.publications, publication], lastEpoch: publication.epoch, publication };
}

function isOf(publication: Publication, node: NodeIdParts): boolean {
  return parseNodeId(publication.node)?.uuid === node.uuid;
}

/** The publications that an unpublish revokes: all of the node's name (N1), or all. */
export function revokedBy(
  publications: readonly Publication[],
  revoked: NodeIdParts | "everyone",
): readonly Publication[] {
  if (revoked === "everyone") return publications;
  return publications.filter((held) => parseNodeId(held.node)?.nameHash === revoked.nameHash);
}
