/**
 * The rules of publications, as pure functions over a volume's list: every back end that keeps its own records decides
 * with these, so `memory` and `nvmet` cannot differ.
 *
 * P1  One node holds a volume, or several that all read, or several that all may write it as a raw device; a refusal names
 *     the holders.
 * P2  A repeated publish finds its own publication and opens no new epoch.
 * P3  An epoch is used once: the counter only grows (V41).
 * P4  Several write only what was made for it: whoever asks, and whatever the request says, the record decides.
 */
import { failure } from "./errors.ts";
import type { Access, MultiWriter, Publication, Sharing } from "./model.ts";
import { parseNodeId, type NodeIdParts } from "./node-id.ts";

export interface Publishing {
  readonly publications: readonly Publication[];
  /** The last epoch that was ever opened, in this life of the volume or an earlier one of its name. */
  readonly lastEpoch: number;
  readonly multiWriter?: MultiWriter;
}

/** What a node asks for. */
export interface PublicationRequest {
  readonly node: NodeIdParts;
  readonly access: Access;
  /** With nobody unless given. */
  readonly sharing?: Sharing;
}

export interface Opened extends Pick<Publishing, "publications" | "lastEpoch"> {
  readonly publication: Publication;
}

/** Nodes that may hold one volume at the same time, whatever the back end. */
export const holdersAtMost = 16;

const cannot = "publish the volume";

/**
 * The publication of a node: found (P2) or opened anew (P3). `obstacle` is why the target could not put one of several
 * nodes out again: then it lets in no second one.
 */
export function openPublication(state: Publishing, request: PublicationRequest, obstacle?: string): Opened {
  const { publications, lastEpoch } = state;
  const own = publications.find((held) => isOf(held, request.node));
  if (own !== undefined) return { publications, lastEpoch, publication: foundAs(own, request) };
  const { node, access, sharing } = request;
  if (sharing === "writers" && state.multiWriter === undefined) {
    const rule = "for several writers it must have been made by a StorageClass with multiWriter: block";
    throw failure("precondition", { cannot, rule, got: "a volume for one writer" });
  }
  assertRoom(publications, request, obstacle);
  const epoch = lastEpoch + 1;
  const publication = { epoch, node: node.id, access, ...(sharing !== undefined && { sharing }) };
  return { publications: [...publications, publication], lastEpoch: epoch, publication };
}

/** P2. */
function foundAs(own: Publication, request: PublicationRequest): Publication {
  if (own.access === request.access && own.sharing === request.sharing) return own;
  const rule = `it is published to this node ${wordsOf(own)} already`;
  throw failure("already_exists", { cannot, rule, got: wordsOf(request) });
}

/** P1. */
function assertRoom(held: readonly Publication[], request: PublicationRequest, obstacle: string | undefined): void {
  const [first] = held;
  if (first === undefined) return;
  const refused = (why: string) => {
    const holders = held.map(({ node }) => node).join(", ");
    const rule = `it is published to ${holders} ${wordsOf(first)}, ${why}`;
    return failure("attached_elsewhere", { cannot, rule, got: request.node.id });
  };
  const isShared = request.sharing !== undefined && held.every(({ sharing }) => sharing === request.sharing);
  if (!isShared) throw refused(`and nobody else may have it ${wordsOf(request)} meanwhile`);
  if (obstacle !== undefined) throw refused(`and a second node cannot be let in: ${obstacle}`);
  if (held.length >= holdersAtMost) throw refused(`and ${holdersAtMost} nodes at a time may hold it`);
}

function wordsOf({ access, sharing }: Pick<PublicationRequest, "access" | "sharing">): string {
  return sharing === undefined ? access : `${access} among ${sharing}`;
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
