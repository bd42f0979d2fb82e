/** Node ids as the driver makes them, computed here on purpose a second time: tests must not agree with a wrong codec. */
import { createHash, randomBytes, randomUUID } from "node:crypto";

/** `v1.<16 hex of SHA-256(node name)>.<uuid>.<base64url x25519 public key>`. */
export function nodeIdOf(nodeName: string, uuid: string = randomUUID()): string {
  const nameHash = createHash("sha256").update(nodeName).digest("hex").slice(0, 16);
  return `v1.${nameHash}.${uuid}.${randomBytes(32).toString("base64url")}`;
}
