import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { device, FakeKernel, mountCommand } from "../../test/support/fake-kernel.ts";
import { defaultMkfsOptions } from "../domain/class-parameters.ts";
import { gateRegions } from "../domain/gate-regions.ts";
import { volumeIdOf, type ClusterId } from "../domain/identity.ts";
import type { HeldDevice } from "./index.ts";

const volume = volumeIdOf("test" as ClusterId, "one");
const wanted = { volume, blankSizes: [] };
const intent = { volume, type: "ext4", node: "a", time: "2026-11-21T15:00:00.000Z" } as const;

describe("a device of the kernel: its file systems", () => {
  let kernel: FakeKernel;
  let held: HeldDevice;
  const signal = AbortSignal.timeout(30_000);

  beforeEach(async () => {
    kernel = new FakeKernel();
    held = await kernel.filesystem.hold(device, signal);
  });
  afterEach(() => kernel.dispose());

  it("give evidence from a complete reading and blkid together", async () => {
    assert.deepEqual(await held.inspect(wanted, signal), { kind: "read", intents: [] });
    kernel.reading = { ok: true, firstNonZero: "1024" };
    kernel.blkid = { exitCode: 0, stdout: "PTTYPE=gpt" };
    const evidence = { kind: "read", intents: [], firstNonZero: 1024n, signature: { type: "gpt" } };
    assert.deepEqual(await held.inspect(wanted, signal), evidence);
  });

  it("read exactly the gate's regions of exactly this device, and only when nothing holds it", async () => {
    await held.inspect({ ...wanted, blankSizes: [671088640n] }, signal);
    const regions = gateRegions(device.size, [671088640n]);
    const asked = regions.map(({ offset, length }) => ({ offset: String(offset), length }));
    const expect = { kind: "block", ...device.number, uuid: device.uuid };
    const blocks = [device.size, 671088640n].map((size) => String(size - 3n * 1048576n)).slice(0, 1);
    const request = { op: "read", path: "/dev/nvme0n1", expect, exclusive: true, regions: asked, blocks };
    assert.deepEqual(kernel.readings, [request]);
  });

  it("find a format intent of the volume where it was put, at the end of each size, until it is erased", async () => {
    const found = await held.putIntent(intent, signal);
    const larger = { ...device, size: 2n * device.size };
    const withOldSize = { volume, blankSizes: [device.size] };
    for (const [seen, how] of [
      [device, wanted],
      [larger, withOldSize],
    ] as const) {
      assert.deepEqual(await (await kernel.filesystem.hold(seen, signal)).inspect(how, signal), {
        kind: "read",
        intents: [found],
      });
    }
    await held.eraseIntent(found, signal);
    assert.deepEqual(await held.inspect(wanted, signal), { kind: "read", intents: [] });
  });

  it("take everything else in the intent's place for data", async () => {
    await held.putIntent({ ...intent, volume: volumeIdOf("test" as ClusterId, "other") }, signal);
    const firstNonZero = device.size - 3n * 1048576n;
    assert.deepEqual(await held.inspect(wanted, signal), { kind: "read", intents: [], firstNonZero });
  });

  it("put a format intent on zeros only, and erase nothing that took its place", async () => {
    const found = await held.putIntent(intent, signal);
    await assert.rejects(held.putIntent(intent, signal), { kind: "unavailable", message: /zero/ });
    const backup = Buffer.alloc(4096, 7).toString("base64");
    kernel.blocks.set(String(found.offset), backup);
    await held.eraseIntent(found, signal);
    assert.equal(kernel.blocks.get(String(found.offset)), backup);
  });

  it("are made over a mkfs that was cut short only once its superblocks have gone", async () => {
    for (const offset of ["0", "65536"]) kernel.blocks.set(offset, Buffer.alloc(4096, 5).toString("base64"));
    const make = { type: "btrfs", uuid: "u", options: defaultMkfsOptions } as const;
    // What is made does not read back here; only the steps before count.
    await assert.rejects(held.make({ ...make, isOver: true }, signal), /blkid must find btrfs/);
    assert.deepEqual(kernel.log.slice(0, 3), ["read", "swap", "swap"]);
    assert.match(kernel.log[3] ?? "", /^mkfs\.btrfs .* -f /);
    assert.deepEqual([...kernel.blocks.values()], [kernel.zeros, kernel.zeros]);
    kernel.log.length = 0;
    await assert.rejects(held.make({ ...make, isOver: false }, signal), /blkid must find btrfs/);
    assert.match(kernel.log[0] ?? "", /^mkfs\.btrfs/);
  });

  it("are too small when the device has a MiB or more behind them", async () => {
    for (const [missing, isTooSmall] of [
      [0n, false],
      [1048576n - 4096n, false],
      [1048576n, true],
    ] as const) {
      const superblock = Buffer.alloc(4096);
      superblock.write("XFSB");
      superblock.writeUInt32BE(4096, 4);
      superblock.writeBigUInt64BE((device.size - missing) / 4096n, 8);
      kernel.blocks.set("0", superblock.toString("base64"));
      assert.equal(await held.isTooSmall("xfs", signal), isTooSmall, `${missing} bytes missing`);
    }
    kernel.reading = { ok: false, code: "EIO", message: "i/o error" };
    await assert.rejects(held.isTooSmall("xfs", signal), { kind: "unavailable", message: /EIO/ });
  });

  it("give no evidence when anything could not be read", async () => {
    kernel.reading = { ok: false, code: "EIO", message: "i/o error" };
    assert.deepEqual(await held.inspect(wanted, signal), {
      kind: "unreadable",
      reason: "EIO: i/o error",
    });
    kernel.reading = { ok: true, firstNonZero: null };
    kernel.blkid = { exitCode: 4, stdout: "" };
    assert.equal((await held.inspect(wanted, signal)).kind, "unreadable");
    assert.equal(
      (await (await kernel.filesystem.hold({ ...device, size: 0n }, signal)).inspect(wanted, signal)).kind,
      "unreadable",
    );
  });

  it("are mounted once, with errors=remount-ro unless told otherwise", async () => {
    await held.mount(kernel.request, signal);
    await held.mount(kernel.request, signal);
    assert.deepEqual(kernel.log, [mountCommand]);
    await held.mount(
      { ...kernel.request, path: kernel.at("/mnt/b"), options: ["errors=panic"], readOnly: true },
      signal,
    );
    assert.match(kernel.log[1] ?? "", /-o errors=panic,ro --source/);
  });

  it("that do not mount are looked at, and refused for good when they are damaged", async () => {
    kernel.refusal = "mount: structure needs cleaning";
    const damaged = { ...kernel.request, type: "xfs" } as const;
    await assert.rejects(held.mount(damaged, signal), { kind: "unavailable", message: /needs cleaning/ });
    kernel.diagnosis = 1;
    const refusal = { kind: "precondition", message: /xfs file system needs a repair by a person: bad magic number/ };
    await assert.rejects(held.mount(damaged, signal), refusal);
    assert.equal(kernel.log.at(-1), "xfs_repair -n /dev/nvme0n1");
  });

  it("are mounted with the options of their kind", async () => {
    const cases = [
      ["xfs", false, "nouuid,noatime,rw"],
      ["xfs", true, "nouuid,noatime,ro"],
      ["btrfs", true, "noatime,ro"],
    ] as const;
    for (const [type, readOnly, options] of cases) {
      kernel.refusal = "mount: no";
      await assert.rejects(held.mount({ ...kernel.request, type, readOnly }, signal));
      assert.ok(
        kernel.log.some((line) => line.startsWith(`mount --no-canonicalize -t ${type} -o ${options} `)),
        options,
      );
    }
  });
});
