import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { chmod, mkdtempDisposable, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { parseNodeId, nodeNameHash } from "../domain/node-id.ts";
import { ensureNodeIdentity } from "./node-identity.ts";

async function makeDirectory() {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-node-"));
  return {
    at: directory.path,
    file: path.join(directory.path, "node.json"),
    [Symbol.asyncDispose]: async () => directory.remove(),
  };
}

describe("the identity of a node", () => {
  it("is kept over restarts, in a file that only the owner reads", async () => {
    await using directory = await makeDirectory();
    const first = await ensureNodeIdentity(directory.at, "worker-1");
    assert.deepEqual(await ensureNodeIdentity(directory.at, "worker-1"), first);
    assert.equal((await stat(directory.file)).mode & 0o777, 0o600);
    const parts = parseNodeId(first.id);
    assert.equal(parts?.uuid, first.uuid);
    assert.equal(parts.nameHash, nodeNameHash("worker-1"));
  });

  it("has a private key that belongs to the public key in its id, and is nowhere in the id", async () => {
    await using directory = await makeDirectory();
    const { id } = await ensureNodeIdentity(directory.at, "worker-1");
    const stored = JSON.parse(await readFile(directory.file, "utf8")) as { readonly privateKey: string };
    const { x } = createPublicKey(createPrivateKey(stored.privateKey)).export({ format: "jwk" });
    assert.equal(parseNodeId(id)?.publicKey, x);
    assert.ok(x !== undefined && x.length === 43);
  });

  it("is made anew under another name: a cloned machine is another node (R4)", async () => {
    await using directory = await makeDirectory();
    const first = await ensureNodeIdentity(directory.at, "worker-1");
    const clone = await ensureNodeIdentity(directory.at, "worker-2");
    assert.notEqual(clone.uuid, first.uuid);
    assert.notEqual(parseNodeId(clone.id)?.publicKey, parseNodeId(first.id)?.publicKey);
    assert.deepEqual(await ensureNodeIdentity(directory.at, "worker-2"), clone, "and then kept");
  });

  it("differs from node to node", async () => {
    await using one = await makeDirectory();
    await using two = await makeDirectory();
    const [first, second] = [await ensureNodeIdentity(one.at, "a"), await ensureNodeIdentity(two.at, "a")];
    assert.notEqual(first.uuid, second.uuid);
  });

  it("is never guessed from a file that cannot be read: that would be another node", async () => {
    await using directory = await makeDirectory();
    await ensureNodeIdentity(directory.at, "worker-1");
    const whole = await readFile(directory.file, "utf8");
    const stored = JSON.parse(whole) as Readonly<Record<string, unknown>>;
    const broken = ["", "{", "[]", whole.slice(0, 40), JSON.stringify({ ...stored, uuid: "x" })];
    for (const text of broken) {
      await writeFile(directory.file, text);
      await assert.rejects(ensureNodeIdentity(directory.at, "worker-1"), { kind: "precondition" }, text);
      assert.equal(await readFile(directory.file, "utf8"), text, "and it is not overwritten");
    }
  });

  it("is refused from a newer schema, with both versions named", async () => {
    await using directory = await makeDirectory();
    await ensureNodeIdentity(directory.at, "worker-1");
    const stored = JSON.parse(await readFile(directory.file, "utf8")) as Readonly<Record<string, unknown>>;
    await writeFile(directory.file, JSON.stringify({ ...stored, schema: 2 }));
    await assert.rejects(ensureNodeIdentity(directory.at, "worker-1"), {
      kind: "precondition",
      message: /schema 1.*2/s,
    });
  });

  it("is not kept in a file that others can read", async () => {
    await using directory = await makeDirectory();
    await ensureNodeIdentity(directory.at, "worker-1");
    await chmod(directory.file, 0o644);
    await ensureNodeIdentity(directory.at, "worker-2");
    assert.equal((await stat(directory.file)).mode & 0o777, 0o600);
  });
});
