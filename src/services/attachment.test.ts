import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeIdOf } from "../../test/support/node-ids.ts";
import { GiB } from "../domain/capacity.ts";
import { volumeIdOf, type ClusterId, type VolumeId } from "../domain/identity.ts";
import type { Publication, Volume } from "../domain/model.ts";
import { parseNodeId } from "../domain/node-id.ts";
import { revokedBy } from "../domain/publications.ts";
import { Attachments } from "./attachment.ts";

const cluster = "test-cluster" as ClusterId;
const id = volumeIdOf(cluster, "a");
const content = { state: "blank" } as const;
const condition = { abnormal: false, message: "published" };
const signal = () => new AbortController().signal;

/** A volume that `holder` holds, and which marks were removed. */
function held(holder: string) {
  const node = parseNodeId(nodeIdOf(holder))?.id;
  assert.ok(node);
  let publications: readonly Publication[] = [{ epoch: 1, node, access: "read-write" }];
  const forgotten: VolumeId[] = [];
  const attachments = new Attachments({
    backend: {
      get: async (): Promise<Volume> => Promise.resolve({ id, name: "a", size: GiB, content, publications, condition }),
      list: async () => Promise.reject(new Error("not asked")),
      publish: async () => Promise.reject(new Error("not asked")),
      unpublish: async (_id, revoked) => {
        const gone = revokedBy(publications, revoked);
        publications = publications.filter((publication) => !gone.includes(publication));
        return Promise.resolve();
      },
    },
    maxVolumes: 0,
    marks: {
      remove: async (volume) => {
        forgotten.push(volume);
        return Promise.resolve();
      },
    },
  });
  return { attachments, forgotten };
}

describe("the format mark of a volume", () => {
  it("goes with the publication", async () => {
    const { attachments, forgotten } = held("node-a");
    await attachments.unpublish(id, nodeIdOf("node-a"), signal());
    assert.deepEqual(forgotten, [id]);
  });

  it("stays when another node is revoked, or nobody", async () => {
    const { attachments, forgotten } = held("node-a");
    await attachments.unpublish(id, nodeIdOf("node-b"), signal());
    await attachments.unpublish(id, "somebody's node", signal());
    assert.deepEqual(forgotten, []);
  });
});

describe("a node that may have a limited number of volumes", () => {
  it("gets no more than that, and those it has once more", async () => {
    const [nodeId, other] = [nodeIdOf("node-a"), nodeIdOf("node-b")];
    const holder = parseNodeId(nodeId)?.id;
    assert.ok(holder);
    const held = ["a", "b"].map((name): Volume => {
      const publications = [{ epoch: 1, node: holder, access: "read-write" } as const];
      return { id: volumeIdOf(cluster, name), name, size: GiB, content, publications, condition };
    });
    const published: string[] = [];
    const attachments = new Attachments({
      backend: {
        get: async () => Promise.reject(new Error("not asked")),
        list: async () => Promise.resolve({ items: held }),
        publish: async (volume) => {
          published.push(volume);
          return Promise.reject(new Error("it was published"));
        },
        unpublish: async () => Promise.reject(new Error("not asked")),
      },
      maxVolumes: 2,
    });
    const publish = async (name: string, node = nodeId) =>
      attachments.publish(volumeIdOf(cluster, name), { nodeId: node, access: "read-write" }, signal());
    await assert.rejects(publish("c"), { kind: "no_capacity", message: /may have 2 volumes \(--max-volumes\)/ });
    assert.deepEqual(published, []);
    await assert.rejects(publish("b"), /it was published/);
    await assert.rejects(publish("c", other), /it was published/);
  });
});
