/** CreateVolume and DeleteVolume: sizes, names, parameters and repeats. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { nodeIdOf } from "../../support/node-ids.ts";
import { GiB, MiB, mountCapability, refused, smallest, type Bench } from "./bench.ts";

const TiB = 1024n * GiB;

export function provisioningTests(bench: Bench): void {
  it("makes a volume of 1 GiB when no size is asked for, and finds it again under its name", async () => {
    const name = bench.newName();
    const made = await bench.create({ name });
    try {
      assert.equal(made.capacity_bytes, String(GiB));
      assert.deepEqual(await bench.create({ name }), made);
      const twice = { required_bytes: String(2n * GiB), limit_bytes: String(2n * GiB) };
      await refused(bench.create({ name, capacity_range: twice }), "ALREADY_EXISTS", /1073741824/);
    } finally {
      await bench.discard(made.volume_id);
    }
    // The second time there is nothing to delete.
    await bench.discard(made.volume_id);
  });

  it("rounds a size up to a multiple of 4 MiB, from 320 MiB on", async () => {
    const asked = [
      [1n, smallest],
      [smallest + 1n, smallest + 4n * MiB],
    ] as const;
    for (const [required, expected] of asked) {
      const capacity_range = { required_bytes: String(required), limit_bytes: String(expected) };
      const made = await bench.create({ name: bench.newName(), capacity_range });
      await bench.discard(made.volume_id);
      assert.equal(made.capacity_bytes, String(expected));
    }
  });

  it("refuses a range in which no multiple of 4 MiB from 320 MiB on lies", async () => {
    const ranges = [
      { limit_bytes: String(smallest - 1n) },
      { required_bytes: String(smallest + 1n), limit_bytes: String(smallest + 4n * MiB - 1n) },
    ];
    for (const capacity_range of ranges) {
      await refused(bench.create({ name: bench.newName(), capacity_range }), "OUT_OF_RANGE", /4194304/);
    }
  });

  it("tells a size that no pool has room for from one that no volume can have", async () => {
    const tooMuch = { required_bytes: String(64n * TiB) };
    await refused(bench.create({ name: bench.newName(), capacity_range: tooMuch }), "RESOURCE_EXHAUSTED");
    const beyond = { required_bytes: String(64n * TiB + 1n) };
    await refused(bench.create({ name: bench.newName(), capacity_range: beyond }), "OUT_OF_RANGE");
  });

  it("names a parameter that it does not know together with those it knows, and lets the provisioner's pass", async () => {
    const name = bench.newName();
    const passing = { "csi.storage.k8s.io/pvc/name": "data", "csi.storage.k8s.io/fstype": "ext4" };
    const misspelt = { ...passing, backnd: "nvmet" };
    await refused(bench.create({ name, parameters: misspelt }), "INVALID_ARGUMENT", /backnd/, /\bbackend\b/);
    await using volume = await bench.volume({ name, parameters: passing });
    assert.ok(volume.id);
  });

  it("needs a name and a capability", async () => {
    await refused(bench.create({ name: "" }), "INVALID_ARGUMENT", /\bname\b/);
    const none = { name: bench.newName(), volume_capabilities: [] };
    await refused(bench.create(none), "INVALID_ARGUMENT", /volume_capabilities/);
  });

  it("counts the deletion of a volume that it never had as done", async () => {
    const unknown = `v1-${"0".repeat(32)}`;
    const ids = [`memory/${unknown}`, `nvmet/${unknown}`, "../../etc/passwd"];
    for (const volume_id of ids) await bench.controller.DeleteVolume({ volume_id });
  });

  it("refuses to delete a published volume", async () => {
    await using volume = await bench.volume();
    await bench.publish(volume.id, nodeIdOf("node-a"));
    await refused(bench.controller.DeleteVolume({ volume_id: volume.id }), "FAILED_PRECONDITION", /publish/);
    assert.equal((await bench.holders(volume.id)).length, 1);
  });

  it("refuses a capability that it cannot serve, naming the field", async () => {
    const shared = { ...mountCapability, access_mode: { mode: "MULTI_NODE_MULTI_WRITER" } } as const;
    const request = { name: bench.newName(), volume_capabilities: [mountCapability, shared] };
    await refused(bench.create(request), "INVALID_ARGUMENT", /volume_capabilities\.1\.access_mode/);
  });
}
