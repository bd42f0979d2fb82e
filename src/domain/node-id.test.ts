import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import type { Uuid } from "./identity.ts";
import { formatNodeId, nodeNameHash, parseNodeId } from "./node-id.ts";

const uuid = "7f000000-1111-4222-8333-444455556666";
const key = "A-_z".repeat(10) + "012";
const hash = "0123456789abcdef";
const good = `v1.${hash}.${uuid}.${key}`;

describe("a node id", () => {
  it("has the parts it was made of, in at most 128 bytes", () => {
    const publicKey = randomBytes(32).toString("base64url");
    const id = formatNodeId("worker-1.example.org", uuid as Uuid, publicKey);
    const nameHash = createHash("sha256").update("worker-1.example.org").digest("hex").slice(0, 16);
    assert.equal(id, `v1.${nameHash}.${uuid}.${publicKey}`);
    assert.ok(Buffer.byteLength(id) <= 128);
    assert.deepEqual(parseNodeId(id), { id, nameHash, uuid, publicKey });
  });

  it("has a vector that never changes", () => {
    assert.equal(nodeNameHash("node-a"), "66570ff05a207404");
  });

  it("parses when it is exactly one", () => {
    assert.deepEqual(parseNodeId(good), { id: good, nameHash: hash, uuid, publicKey: key });
  });

  const bad = {
    nothing: "",
    "another version": good.replace("v1.", "v2."),
    "no version": good.slice(3),
    "a short hash": good.replace(hash, hash.slice(1)),
    "upper case in the hash": good.replace(hash, hash.toUpperCase()),
    "upper case in the uuid": `v1.${hash}.7F000000-1111-4222-8333-444455556666.${key}`,
    "a uuid without dashes": good.replace(uuid, uuid.replaceAll("-", "")),
    "a short key": good.slice(0, -1),
    "a long key": `${good}A`,
    "padding in the key": `${good.slice(0, -1)}=`,
    "base64 that is not url safe": `${good.slice(0, -1)}+`,
    "a line feed at its end": `${good}\n`,
    "a space before it": ` ${good}`,
    "a fifth part": `${good}.x`,
    "an option for the connect string": `${good},hostnqn=x`,
  };
  for (const [what, text] of Object.entries(bad)) {
    it(`does not parse with ${what}`, () => {
      assert.equal(parseNodeId(text), undefined);
    });
  }
});
