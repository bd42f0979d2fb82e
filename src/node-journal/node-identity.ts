/**
 * Who this node is: a uuid and an x25519 key pair, made once and kept in the node's state directory.
 *
 * R4  Never /etc/nvme/hostnqn: cloned machines share it (F22). Made anew when the node name stored beside them differs,
 *     so that a cloned state directory does not make two nodes one.
 */
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import type { Uuid } from "../domain/identity.ts";
import type { NodeIdentity } from "../domain/model.ts";
import { formatNodeId } from "../domain/node-id.ts";
import { parseStored } from "../domain/stored-record.ts";
import { readText, writeDurable } from "../host/files.ts";

const stored = z.strictObject({
  schema: z.literal(1),
  nodeName: z.string(),
  uuid: z.uuid(),
  publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** PKCS #8 in PEM; the file is 0600. */
  privateKey: z.string(),
});

/** The identity of the node called `nodeName`, made on first use. */
export async function ensureNodeIdentity(directory: string, nodeName: string): Promise<NodeIdentity> {
  const path = join(directory, "node.json");
  const kept = parse(path, await readText(path));
  const own = kept?.nodeName === nodeName ? kept : undefined;
  const identity = own ?? makeIdentity(nodeName);
  if (own === undefined) await writeDurable(path, `${JSON.stringify(identity)}\n`);
  const uuid = identity.uuid as Uuid;
  return { id: formatNodeId(nodeName, uuid, identity.publicKey), uuid };
}

function parse(path: string, text: string | undefined): z.infer<typeof stored> | undefined {
  if (text === undefined) return undefined;
  return parseStored(path, text, { known: 1, schema: stored });
}

function makeIdentity(nodeName: string): z.infer<typeof stored> {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  return {
    schema: 1,
    nodeName,
    uuid: randomUUID(),
    publicKey: publicKey.export({ format: "jwk" }).x ?? "",
    privateKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}
