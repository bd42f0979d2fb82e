/** Volumes that several nodes hold: who may have one beside whom, and what becomes of the others when one goes. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { VolumeCapability } from "../../../src/gen/csi/v1/VolumeCapability.ts";
import { nodeIdOf } from "../../support/node-ids.ts";
import { literally, mountCapability, refused, smallest, type Bench } from "./bench.ts";

const readers: VolumeCapability = { mount: { fs_type: "ext4" }, access_mode: { mode: "MULTI_NODE_READER_ONLY" } };
const rawReaders: VolumeCapability = { block: {}, access_mode: { mode: "MULTI_NODE_READER_ONLY" } };
const writers: VolumeCapability = { block: {}, access_mode: { mode: "MULTI_NODE_MULTI_WRITER" } };
const oneWriter: VolumeCapability = { block: {}, access_mode: { mode: "SINGLE_NODE_WRITER" } };
const manyWriters = { volume_capabilities: [writers], parameters: { multiWriter: "block" } };

export function sharingTests(bench: Bench): void {
  const nodes = () => [nodeIdOf("node-a"), nodeIdOf("node-b"), nodeIdOf("node-c")] as const;
  const everyHolder = async (id: string) => (await bench.holders(id)).toSorted();

  for (const [what, capability] of [
    ["a file system", readers],
    ["a raw device", rawReaders],
  ] as const) {
    it(`lets several nodes read ${what}, and no writer in beside them, naming them all`, async () => {
      const [a, b, c] = nodes();
      await using volume = await bench.volume({ volume_capabilities: [capability] });
      const first = await bench.publish(volume.id, a, capability);
      const second = await bench.publish(volume.id, b, capability);
      assert.ok(second.epoch > first.epoch, "each has an epoch of its own");
      assert.equal(second.context["access"], "read-only");
      assert.deepEqual(await bench.publish(volume.id, a, capability), first);
      await refused(bench.publish(volume.id, c), "FAILED_PRECONDITION", literally(a), literally(b));
      assert.deepEqual(await everyHolder(volume.id), [a, b].toSorted());
    });
  }

  it("lets no reader in beside a writer, naming it, and keeps both to what they were given", async () => {
    const [a, b] = nodes();
    await using volume = await bench.volume();
    await bench.publish(volume.id, a);
    await refused(bench.publish(volume.id, b, readers), "FAILED_PRECONDITION", literally(a));
    await refused(bench.publish(volume.id, a, readers), "ALREADY_EXISTS", /read-write already/);
    await bench.unpublish(volume.id, a);
    await bench.publish(volume.id, b, readers);
    await refused(bench.publish(volume.id, b), "ALREADY_EXISTS", /read-only among readers already/);
  });

  it("fences one of several readers and leaves the others; then the last one", async () => {
    const [a, b, c] = nodes();
    await using volume = await bench.volume();
    for (const node of [a, b, c]) await bench.publish(volume.id, node, readers);
    await bench.unpublish(volume.id, b);
    assert.deepEqual(await everyHolder(volume.id), [a, c].toSorted());
    await refused(bench.controller.DeleteVolume({ volume_id: volume.id }), "FAILED_PRECONDITION");
    const again = await bench.publish(volume.id, b, readers);
    const held = await bench.publish(volume.id, a, readers);
    assert.ok(again.epoch > held.epoch, "a node that comes back gets a new epoch");
    await bench.unpublish(volume.id, "");
    assert.deepEqual(await bench.holders(volume.id), []);
    await bench.publish(volume.id, c);
  });

  it("lets several nodes write a raw device that was made for it, and mixes them with nobody else", async () => {
    const [a, b, c] = nodes();
    await using volume = await bench.volume(manyWriters);
    for (const node of [a, b]) {
      assert.equal((await bench.publish(volume.id, node, writers)).context["access"], "read-write");
    }
    for (const other of [rawReaders, oneWriter, mountCapability]) {
      await refused(bench.publish(volume.id, c, other), "FAILED_PRECONDITION", literally(a), literally(b));
    }
    await bench.unpublish(volume.id, a);
    assert.deepEqual(await bench.holders(volume.id), [b]);
  });

  it("makes no volume for several writers without the class's word, and none of a file system", async () => {
    const name = bench.newName();
    await refused(
      bench.create({ name, volume_capabilities: [writers] }),
      "INVALID_ARGUMENT",
      /parameters\.multiWriter must be block/,
    );
    const mounted = { mount: { fs_type: "ext4" }, access_mode: writers.access_mode ?? null };
    await refused(
      bench.create({ name, ...manyWriters, volume_capabilities: [mounted] }),
      "INVALID_ARGUMENT",
      /ReadOnlyMany.*file server/,
    );
    const capacity = async (parameters: Record<string, string>) =>
      (await bench.controller.GetCapacity({ volume_capabilities: [writers], parameters })).available_capacity;
    assert.equal(await capacity({}), "0");
    assert.notEqual(await capacity({ multiWriter: "block" }), "0");
  });

  it("remembers which volumes are for several writers, whatever a later request says of them", async () => {
    const [a] = nodes();
    const size = { required_bytes: String(smallest) };
    const confirmed = async (volume_id: string) => {
      const asked = { volume_id, volume_capabilities: [writers] };
      return (await bench.controller.ValidateVolumeCapabilities(asked)).confirmed !== null;
    };
    await using one = await bench.volume();
    const volume_context = { multiWriter: "block" };
    const forged = { volume_id: one.id, node_id: a, volume_capability: writers, volume_context };
    await refused(bench.controller.ControllerPublishVolume(forged), "FAILED_PRECONDITION", /multiWriter: block/);
    assert.equal(await confirmed(one.id), false);
    await using many = await bench.volume(manyWriters);
    assert.equal(await confirmed(many.id), true);

    const name = bench.newName();
    const { volume_id } = await bench.create({ name, capacity_range: size, ...manyWriters });
    assert.equal((await bench.create({ name, capacity_range: size, ...manyWriters })).volume_id, volume_id);
    await refused(bench.create({ name, capacity_range: size }), "ALREADY_EXISTS", /for several writers/);
    const copy = { capacity_range: size, volume_content_source: { volume: { volume_id } } };
    await using ofOne = await bench.volume(copy);
    assert.equal(await confirmed(ofOne.id), false, "a copy is what its own class says");
    await bench.discard(volume_id);
  });
}
