/** ControllerPublishVolume and ControllerUnpublishVolume: one holder unless it shares, epochs that only grow, the fence. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { nodeIdOf } from "../../support/node-ids.ts";
import { literally, mountCapability, refused, smallest, type Bench, type PublishAnswer } from "./bench.ts";

/** What a node needs of a fresh volume, within the limit of 4 KiB. */
function assertDescribes(context: PublishAnswer["context"]): void {
  assert.ok(context["schema"], "a context has a schema version");
  assert.ok(context["portals"], "a context says where to connect");
  assert.equal(context["size"], String(smallest));
  assert.equal(context["content"], "blank");
  assert.ok(Buffer.byteLength(Object.entries(context).flat().join("")) <= 4096);
}

export function publishingTests(bench: Bench): void {
  it("gives a repeated publish the same context, another node nothing, and each new publication a new epoch", async () => {
    const [nodeA, nodeB] = [nodeIdOf("node-a"), nodeIdOf("node-b")];
    await using volume = await bench.volume();
    const first = await bench.publish(volume.id, nodeA);
    assertDescribes(first.context);
    assert.deepEqual(await bench.publish(volume.id, nodeA), first);
    await refused(bench.publish(volume.id, nodeB), "FAILED_PRECONDITION", literally(nodeA));
    await bench.unpublish(volume.id, nodeA);
    const second = await bench.publish(volume.id, nodeB);
    assert.ok(second.epoch > first.epoch, "another node's publication is a new epoch");
    await bench.unpublish(volume.id, "");
    assert.deepEqual(await bench.holders(volume.id), [], "an empty node id revokes everyone");
    const third = await bench.publish(volume.id, nodeB);
    assert.ok(third.epoch > second.epoch, "a node that comes back gets a new epoch");
  });

  it("keeps a publication when another node, known or not, is unpublished", async () => {
    const nodeA = nodeIdOf("node-a");
    await using volume = await bench.volume();
    await bench.publish(volume.id, nodeA);
    await bench.unpublish(volume.id, nodeIdOf("node-b"));
    await bench.unpublish(volume.id, "not-a-node-of-this-driver");
    assert.deepEqual(await bench.holders(volume.id), [nodeA]);
  });

  it("counts the unpublish of a volume that it never had as done", async () => {
    await bench.unpublish(`memory/v1-${"0".repeat(32)}`, nodeIdOf("node-a"));
    await bench.unpublish("fake-vol-id", "");
  });

  it("takes a node that was installed anew for another one, and fences its earlier life with it", async () => {
    const [before, after] = [nodeIdOf("node-a"), nodeIdOf("node-a")];
    await using volume = await bench.volume();
    const first = await bench.publish(volume.id, before);
    await refused(bench.publish(volume.id, after), "FAILED_PRECONDITION", literally(before));
    await bench.unpublish(volume.id, after);
    assert.deepEqual(await bench.holders(volume.id), []);
    const second = await bench.publish(volume.id, after);
    assert.ok(second.epoch > first.epoch);
  });

  it("knows neither nodes nor volumes that it did not name itself", async () => {
    await using volume = await bench.volume();
    await refused(bench.publish(volume.id, "fake-node-id"), "NOT_FOUND", /fake-node-id/);
    const node = nodeIdOf("node-a");
    await refused(bench.publish(`memory/v1-${"0".repeat(32)}`, node), "NOT_FOUND");
    assert.deepEqual(await bench.holders(volume.id), []);
  });

  it("needs a volume, a node and a capability before it looks anything up", async () => {
    const whole = { volume_id: "fake-vol-id", node_id: "fake-node-id", volume_capability: mountCapability };
    for (const field of ["volume_id", "node_id", "volume_capability"] as const) {
      const { [field]: _left, ...rest } = whole;
      await refused(bench.controller.ControllerPublishVolume(rest), "INVALID_ARGUMENT", literally(field));
    }
    await refused(bench.controller.ControllerUnpublishVolume({}), "INVALID_ARGUMENT", /volume_id/);
  });
}
