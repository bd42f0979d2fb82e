/**
 * The CSI node id: `v1.<16 hex of SHA-256(node name)>.<uuid>.<base64url x25519 public key>`, at most 128 bytes.
 *
 * N1  Publications are compared by uuid (a node that was made anew is another node); the fence goes by the hash of the
 *     node name, so that it also reaches publications of an earlier life of the same node.
 */
import { createHash } from "node:crypto";
import type { Brand, Uuid } from "./identity.ts";

export type NodeId = Brand<string, "NodeId">;

export interface NodeIdParts {
  readonly id: NodeId;
  readonly nameHash: string;
  readonly uuid: Uuid;
  /** Raw x25519 public key, base64url without padding, 43 characters. */
  readonly publicKey: string;
}

const pattern =
  /^v1\.(?<nameHash>[0-9a-f]{16})\.(?<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?<publicKey>[A-Za-z0-9_-]{43})$/;

export function nodeNameHash(nodeName: string): string {
  return createHash("sha256").update(nodeName).digest("hex").slice(0, 16);
}

export function formatNodeId(nodeName: string, uuid: Uuid, publicKey: string): NodeId {
  return `v1.${nodeNameHash(nodeName)}.${uuid}.${publicKey}` as NodeId;
}

/** The parts of a node id, or undefined when the text is no node id of this driver. */
export function parseNodeId(text: string): NodeIdParts | undefined {
  const groups = pattern.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { nameHash = "", uuid = "", publicKey = "" } = groups;
  return { id: text as NodeId, nameHash, uuid: uuid as Uuid, publicKey };
}
