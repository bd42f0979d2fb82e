import assert from "node:assert/strict";
import { renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { device, FakeKernel, mountCommand } from "../../test/support/fake-kernel.ts";
import type { HeldDevice } from "./index.ts";
import type { KernelFilesystem } from "./kernel-filesystem.ts";

describe("the kernel's file systems", () => {
  let kernel: FakeKernel;
  let held: HeldDevice;
  let filesystem: KernelFilesystem;
  const signal = AbortSignal.timeout(30_000);

  beforeEach(async () => {
    kernel = new FakeKernel();
    ({ filesystem } = kernel);
    held = await filesystem.hold(device, signal);
  });
  afterEach(() => kernel.dispose());

  it("are never mounted over something else", async () => {
    kernel.mounts.push(`40 30 259:7 / ${kernel.at("/mnt/stage")} rw - ext4 /dev/nvme7n1 rw`);
    kernel.sync();
    await assert.rejects(held.mount(kernel.request, signal), { kind: "in_use", message: /259:7/ });
    await assert.rejects(
      filesystem.bind({ source: "/dev/nvme0n1", target: kernel.at("/mnt/stage"), readOnly: false }, signal),
      {
        kind: "in_use",
      },
    );
    assert.deepEqual(kernel.log, []);
  });

  it("are unmounted again when the wrong device was mounted", async () => {
    kernel.mountsDevice = "259:8";
    await assert.rejects(held.mount(kernel.request, signal), { kind: "precondition", message: /259:8/ });
    assert.deepEqual(kernel.log, [mountCommand, "umount --no-canonicalize /mnt/stage"]);
  });

  it("are made in the directory that was looked at, and taken back when it has moved (F66)", async () => {
    kernel.meanwhile = () => {
      renameSync(kernel.at("/mnt"), kernel.at("/moved"));
      symlinkSync(kernel.at("/sys"), kernel.at("/mnt"));
    };
    const bind = filesystem.bind({ source: "/dev/nvme0n1", target: kernel.at("/mnt/raw"), readOnly: false }, signal);
    await assert.rejects(bind, {
      kind: "unavailable",
      message: /mount on .*\/mnt\/raw: the directory above it must stay/,
    });
    const steps = ["mount --no-canonicalize --bind /dev/nvme0n1 /moved/raw", "umount --no-canonicalize /moved/raw"];
    assert.deepEqual(kernel.log, steps);
  });

  it("that are busy say so, and other refusals are quoted", async () => {
    kernel.refusal = "mount: /mnt/stage: /dev/nvme0n1 already mounted or mount point busy.";
    await assert.rejects(held.mount(kernel.request, signal), { kind: "in_use", message: /mount point busy/ });
    kernel.refusal = "mount: wrong fs type";
    await assert.rejects(held.mount(kernel.request, signal), { kind: "unavailable", message: /wrong fs type/ });
    kernel.mounts.push(`40 30 259:1 / ${kernel.at("/mnt/stage")} rw - ext4 /dev/nvme0n1 rw`);
    kernel.sync();
    kernel.refusal = "umount: /mnt/stage: target is busy.";
    await assert.rejects(filesystem.unmount(kernel.at("/mnt/stage"), signal), {
      kind: "in_use",
      message: /target is busy/,
    });
  });

  it("are bound read-only in two steps, and a half-done bind is finished", async () => {
    await held.mount(kernel.request, signal);
    kernel.log.length = 0;
    const bind = (readOnly: boolean) =>
      filesystem.bind({ source: kernel.at("/mnt/stage"), target: kernel.at("/mnt/pod"), readOnly }, signal);
    await bind(false);
    await bind(true);
    await bind(true);
    const steps = [
      "mount --no-canonicalize --bind /mnt/stage /mnt/pod",
      "mount --no-canonicalize -o remount,bind,ro --target /mnt/pod",
    ];
    assert.deepEqual(kernel.log, steps);
    await assert.rejects(bind(false), { kind: "in_use" });
  });

  it("bind a device node as raw block", async () => {
    await filesystem.bind({ source: "/dev/nvme0n1", target: kernel.at("/mnt/raw"), readOnly: false }, signal);
    await filesystem.bind({ source: "/dev/nvme0n1", target: kernel.at("/mnt/raw"), readOnly: false }, signal);
    assert.deepEqual(kernel.log, ["mount --no-canonicalize --bind /dev/nvme0n1 /mnt/raw"]);
    await assert.rejects(
      filesystem.bind({ source: "/dev/nvme1n1", target: kernel.at("/mnt/raw"), readOnly: false }, signal),
      {
        kind: "in_use",
      },
    );
  });

  it("bind no other device than the one that was meant, whoever bears its name by now (V33)", async () => {
    const bound = { ...device, node: 7 };
    const request = { source: "/dev/nvme0n1", device: bound, target: kernel.at("/mnt/raw"), readOnly: false };
    for (const bearer of ["11111111-1111-4222-8333-444455556666", device.uuid]) {
      kernel.write("sys/dev/block/259:1/uuid", `${bearer}\n`);
      // There is no device node here: the second round fails by the number, the first by the namespace.
      await assert.rejects(filesystem.bind(request, signal), {
        kind: "unavailable",
        message: /node 7, of device 259:1 and namespace 6ba7b811/,
      });
    }
    await assert.rejects(filesystem.nodeOf({ ...device, path: kernel.at("/mnt") }), {
      message: /node of device 259:1/,
    });
    assert.deepEqual((await filesystem.mounts()).length, 2, "what was bound is unmounted");
  });

  it("say no inode of a dead bind where something else is in sight", async () => {
    for (const path of ["/mnt", "/absent"]) {
      kernel.mounts.push(`41 30 0:6 /nvme0n1//deleted ${kernel.at(path)} rw - devtmpfs x rw`);
    }
    kernel.sync();
    assert.deepEqual(
      (await filesystem.mounts()).slice(2).map(({ root, node }) => [root, node]),
      [
        ["/nvme0n1//deleted", undefined],
        ["/nvme0n1//deleted", undefined],
      ],
    );
  });

  it("lose the topmost mount of a path only, and absence is done", async () => {
    kernel.mounts.push(
      `40 30 259:7 / ${kernel.at("/mnt/pod")} rw - ext4 a rw`,
      `41 30 259:8 / ${kernel.at("/mnt/pod")} rw - ext4 b rw`,
    );
    kernel.sync();
    await filesystem.unmount(kernel.at("/mnt/pod"), signal);
    assert.deepEqual((await filesystem.mounts()).map(({ device: { minor } }) => minor).slice(2), [7]);
    await filesystem.unmount(kernel.at("/mnt/nothing"), signal);
    assert.equal(kernel.log.length, 1);
  });

  it("are released when neither a superblock nor an exclusive holder is left", async () => {
    kernel.write("sys/class/block/nvme0n1/dev", "259:1\n");
    assert.equal(await filesystem.isReleased(device, signal), true);
    kernel.reading = { ok: false, code: "EBUSY", message: "busy" };
    assert.equal(await filesystem.isReleased(device, signal), false);
    kernel.reading = { ok: false, code: "ENOENT", message: "gone" };
    assert.equal(await filesystem.isReleased(device, signal), true);
    for (const path of ["ext4/nvme0n1/errors_count", "xfs/nvme0n1/stats", "btrfs/6ba7b810/devices/nvme0n1"]) {
      kernel.write(`sys/fs/${path}`, "");
      assert.equal(await filesystem.isReleased(device, signal), false, path);
      rmSync(join(kernel.root, "sys/fs"), { recursive: true });
    }
  });

  it("are released when the name belongs to another device by now", async () => {
    kernel.write("sys/class/block/nvme0n1/dev", "259:4\n");
    kernel.write("sys/fs/ext4/nvme0n1/errors_count", "0");
    assert.equal(await filesystem.isReleased(device, signal), true);
  });

  it("name what uses a device", async () => {
    kernel.write("sys/class/block/nvme0n1/holders/dm-0", "");
    await held.mount(kernel.request, signal);
    await filesystem.bind({ source: "/dev/nvme0n1", target: kernel.at("/mnt/raw"), readOnly: false }, signal);
    kernel.mounts = kernel.mounts.map((line) => line.replace(" - any x", " - devtmpfs x"));
    kernel.sync();
    assert.deepEqual(await filesystem.holders(device), ["dm-0", kernel.at("/mnt/stage"), kernel.at("/mnt/raw")]);
  });

  it("measure space and inodes", async () => {
    const [bytes, inodes] = await filesystem.usage("/");
    assert.equal(bytes?.unit, "bytes");
    assert.equal(inodes?.unit, "inodes");
    assert.ok(bytes.total > bytes.used && bytes.used > 0n && bytes.available > 0n);
  });
});
