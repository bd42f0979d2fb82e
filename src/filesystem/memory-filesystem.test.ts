import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultMkfsOptions } from "../domain/class-parameters.ts";
import { volumeIdOf, type ClusterId, type Uuid } from "../domain/identity.ts";
import { MemoryFilesystem } from "./memory-filesystem.ts";

const device = {
  path: "/dev/memory0n1",
  number: { major: 4095, minor: 0 },
  size: 335544320n,
  uuid: "6ba7b811-9dad-51d1-80b4-00c04fd430c8" as Uuid,
};
const uuid = "6ba7b810-9dad-51d1-80b4-00c04fd430c9";
const volume = volumeIdOf("test" as ClusterId, "one");
const wanted = { volume, blankSizes: [] };
const format = { type: "ext4", uuid, isOver: false, options: defaultMkfsOptions } as const;
const signal = AbortSignal.timeout(10_000);
const request = { path: "/stage", type: "ext4", options: [], readOnly: false } as const;

async function formatted() {
  const filesystem = new MemoryFilesystem();
  const held = await filesystem.hold(device, signal);
  await held.make(format, signal);
  return { filesystem, held };
}

describe("file systems in memory", () => {
  it("are blank until they are made", async () => {
    const filesystem = new MemoryFilesystem();
    const held = await filesystem.hold(device, signal);
    assert.deepEqual(await held.inspect(wanted, signal), { kind: "read", intents: [] });
    await assert.rejects(held.mount(request, signal), { kind: "unavailable" });
    await held.make(format, signal);
    const evidence = await held.inspect(wanted, signal);
    assert.deepEqual(evidence, { kind: "read", intents: [], firstNonZero: 1024n, signature: { type: "ext4", uuid } });
    assert.deepEqual(filesystem.signatureOf(device.number), { type: "ext4", uuid });
    assert.deepEqual(await held.check("ext4", signal), { kind: "clean" });
  });

  it("are mounted, bound and unmounted as the kernel does it", async () => {
    const { filesystem, held } = await formatted();
    await Promise.all([held.mount(request, signal), held.mount(request, signal)]);
    await filesystem.bind({ source: "/stage", target: "/pod", readOnly: true }, signal);
    await filesystem.bind({ source: "/stage", target: "/pod", readOnly: true }, signal);
    const mounts = await filesystem.mounts();
    assert.deepEqual(
      mounts.map(({ path, root, device: { major }, options }) => [path, root, major, options[0]]),
      [
        ["/stage", "/", 4095, "rw"],
        ["/pod", "/", 4095, "ro"],
      ],
    );
    await assert.rejects(filesystem.bind({ source: "/elsewhere", target: "/pod2", readOnly: true }, signal), {
      kind: "precondition",
    });
    await assert.rejects(filesystem.bind({ source: "/stage", target: "/pod", readOnly: false }, signal), {
      kind: "in_use",
    });
    const other = { ...device, number: { major: 4095, minor: 1 } };
    const another = await filesystem.hold(other, signal);
    await another.make(format, signal);
    await assert.rejects(another.mount(request, signal), { kind: "in_use" });
    await filesystem.unmount("/stage", signal);
    assert.equal(await filesystem.isReleased(device, signal), false);
    await filesystem.unmount("/pod", signal);
    await filesystem.unmount("/pod", signal);
    assert.equal(await filesystem.isReleased(device, signal), true);
  });

  it("cannot be made, checked or inspected while they are mounted", async () => {
    const { held } = await formatted();
    await held.mount(request, signal);
    await assert.rejects(held.make(format, signal), { kind: "in_use", message: /\/stage/ });
    await assert.rejects(held.check("ext4", signal), { kind: "in_use" });
    assert.equal((await held.inspect(wanted, signal)).kind, "unreadable");
  });

  it("leave a raw block bind without a hold on the device", async () => {
    const filesystem = new MemoryFilesystem();
    await filesystem.bind({ source: device.path, target: "/raw", readOnly: false }, signal);
    const [mount] = await filesystem.mounts();
    assert.deepEqual([mount?.type, mount?.root, mount?.path], ["devtmpfs", "/memory0n1", "/raw"]);
    assert.deepEqual(await filesystem.holders(device), ["/raw"]);
    assert.equal(await filesystem.isReleased(device, signal), true);
  });

  it("have a size", async () => {
    const { filesystem, held } = await formatted();
    await assert.rejects(filesystem.usage("/stage"), { kind: "not_found" });
    await held.mount(request, signal);
    const [bytes, inodes] = await filesystem.usage("/stage");
    assert.equal(bytes?.total, device.size);
    assert.equal(bytes.total, bytes.used + bytes.available);
    assert.equal(inodes?.unit, "inodes");
  });
});
