import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { gateRegions } from "../domain/gate-regions.ts";
import { askOnce } from "../host/direct-io.ts";
import type { ChildRequest, ReadRequest } from "../host/direct-io-child.ts";
import type { Exec } from "../host/exec.ts";
import { volumeIdOf, type ClusterId, type Uuid } from "../domain/identity.ts";
import type { HeldDevice } from "./index.ts";
import { KernelFilesystem } from "./kernel-filesystem.ts";

const number = { major: 259, minor: 1 };
const uuid = "6ba7b811-9dad-51d1-80b4-00c04fd430c8" as Uuid;
const device = { path: "/dev/nvme0n1", number, size: 335544320n, uuid };
const volume = volumeIdOf("test" as ClusterId, "one");
const wanted = { volume, blankSizes: [] };
const intent = { volume, type: "ext4", node: "a", time: "2026-11-21T15:00:00.000Z" } as const;
const rootLine = "30 1 0:25 / / rw,relatime - overlay x rw";
const devLine = "25 30 0:6 / /dev rw,relatime - devtmpfs x rw";

/** A kernel with a mount table, and sysfs in a directory; `mount` and `umount` change the table as Linux does. */
class FakeKernel {
  readonly root = mkdtempSync(join(tmpdir(), "filesystem-"));
  readonly log: string[] = [];
  readonly readings: ReadRequest[] = [];
  mounts: string[] = [devLine, rootLine];
  /** What the child answers to a reading, besides blocks. */
  reading: object = { ok: true, firstNonZero: null };
  /** The device's blocks that are not zero, by offset. */
  readonly blocks = new Map<string, string>();
  readonly zeros = Buffer.alloc(4096).toString("base64");
  blkid = { exitCode: 2, stdout: "" };
  /** What mount and umount say instead of doing anything. */
  refusal: string | undefined;
  /** Exit status of a check that only looks. */
  diagnosis = 0;
  /** The device that a mount really mounts. */
  mountsDevice = "259:1";

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  sync(): void {
    this.write("proc/self/mountinfo", this.mounts.join("\n"));
  }

  exec: Exec = (file, args, { input }) => {
    const done = (exitCode: number, stdout = "", stderr = "") =>
      Promise.resolve({ exitCode, signal: undefined, stdout, stderr });
    if (file === "blkid") return done(this.blkid.exitCode, this.blkid.stdout);
    if (file !== process.execPath) {
      const [exitCode, stderr] = this.#mounting(file, args);
      return done(exitCode, "", stderr);
    }
    const request = JSON.parse(input ?? "") as ChildRequest;
    if (request.op === "read") {
      this.readings.push(request);
      this.log.push("read");
      const blocks = request.blocks.map((offset) => this.blocks.get(offset) ?? this.zeros);
      return done(0, JSON.stringify({ ...this.reading, blocks }));
    }
    if (request.op === "swap") {
      this.log.push("swap");
      const isSame = (this.blocks.get(request.offset) ?? this.zeros) === request.from;
      if (isSame) this.blocks.set(request.offset, request.to);
      return done(0, JSON.stringify(isSame ? { ok: true } : { ok: false, code: "CHANGED", message: "no" }));
    }
    if (request.op === "hold") return done(0, JSON.stringify({ ok: true }));
    assert.equal(request.op, "run");
    const [exitCode, stderr] = this.#mounting(request.file, request.args);
    return done(0, JSON.stringify({ ok: true, exitCode, signal: null, stdout: "", stderr }));
  };

  #mounting(file: string, args: readonly string[]): readonly [number, string] {
    this.log.push([file, ...args].join(" "));
    if (file.startsWith("xfs_repair")) return [this.diagnosis, "bad magic number"];
    if (this.refusal !== undefined) return [32, this.refusal];
    const option = (name: string) => args[args.indexOf(name) + 1] ?? "";
    const target = args.at(-1) ?? "";
    if (file === "umount") {
      this.mounts.splice(
        this.mounts.findLastIndex((line) => line.split(" ")[4] === target),
        1,
      );
    } else if (args[0] === "--bind") {
      const place = args[1]?.startsWith("/dev/") === true ? `0:6 /${args[1].slice(5)}` : `259:1 /`;
      this.mounts.push(`41 30 ${place} ${target} rw shared:1 - any x rw`);
    } else if (args.includes("remount,bind,ro")) {
      const last = this.mounts.findLastIndex((line) => line.includes(` ${target} `));
      this.mounts[last] = this.mounts[last]?.replace(" rw ", " ro ") ?? "";
    } else {
      const access = option("-o").split(",").at(-1) ?? "";
      this.mounts.push(`40 30 ${this.mountsDevice} / ${target} ${access} - ext4 /dev/nvme0n1 rw`);
    }
    this.sync();
    return [0, ""];
  }
}

describe("the kernel's file systems", () => {
  let kernel = new FakeKernel();
  let filesystem: KernelFilesystem;
  let held: HeldDevice;
  const signal = AbortSignal.timeout(30_000);
  const request = { path: "/mnt/stage", type: "ext4", options: ["noatime"], readOnly: false } as const;
  const mountCommand = "mount -t ext4 -o errors=remount-ro,noatime,rw --source /dev/nvme0n1 --target /mnt/stage";

  beforeEach(async () => {
    rmSync(kernel.root, { recursive: true, force: true });
    kernel = new FakeKernel();
    kernel.sync();
    const [sys, proc] = [join(kernel.root, "sys"), join(kernel.root, "proc")];
    const converse = () => ({ ask: askOnce(kernel.exec), end: () => kernel.log.push("released") });
    filesystem = new KernelFilesystem({ exec: kernel.exec, converse, sys, proc });
    held = await filesystem.hold(device, signal);
  });
  afterEach(() => rmSync(kernel.root, { recursive: true, force: true }));

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
    const expect = { kind: "block", ...number, uuid: device.uuid };
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
      assert.deepEqual(await (await filesystem.hold(seen, signal)).inspect(how, signal), {
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
      (await (await filesystem.hold({ ...device, size: 0n }, signal)).inspect(wanted, signal)).kind,
      "unreadable",
    );
  });

  it("are mounted once, with errors=remount-ro unless told otherwise", async () => {
    await held.mount(request, signal);
    await held.mount(request, signal);
    assert.deepEqual(kernel.log, [mountCommand]);
    await held.mount({ ...request, path: "/mnt/b", options: ["errors=panic"], readOnly: true }, signal);
    assert.match(kernel.log[1] ?? "", /-o errors=panic,noload,ro --source/);
  });

  it("that do not mount are looked at, and refused for good when they are damaged", async () => {
    kernel.refusal = "mount: structure needs cleaning";
    const damaged = { ...request, type: "xfs" } as const;
    await assert.rejects(held.mount(damaged, signal), { kind: "unavailable", message: /needs cleaning/ });
    kernel.diagnosis = 1;
    const refusal = { kind: "precondition", message: /xfs file system needs a repair by a person: bad magic number/ };
    await assert.rejects(held.mount(damaged, signal), refusal);
    assert.equal(kernel.log.at(-1), "xfs_repair -n /dev/nvme0n1");
  });

  it("are mounted with the options of their kind", async () => {
    const cases = [
      ["xfs", false, "noatime,rw"],
      ["xfs", true, "noatime,norecovery,ro"],
      ["btrfs", true, "noatime,rescue=nologreplay,ro"],
    ] as const;
    for (const [type, readOnly, options] of cases) {
      kernel.refusal = "mount: no";
      await assert.rejects(held.mount({ ...request, type, readOnly }, signal));
      assert.ok(
        kernel.log.some((line) => line.startsWith(`mount -t ${type} -o ${options} `)),
        options,
      );
    }
  });

  it("are never mounted over something else", async () => {
    kernel.mounts.push("40 30 259:7 / /mnt/stage rw - ext4 /dev/nvme7n1 rw");
    kernel.sync();
    await assert.rejects(held.mount(request, signal), { kind: "in_use", message: /259:7/ });
    await assert.rejects(filesystem.bind({ source: "/dev/nvme0n1", target: "/mnt/stage", readOnly: false }, signal), {
      kind: "in_use",
    });
    assert.deepEqual(kernel.log, []);
  });

  it("are unmounted again when the wrong device was mounted", async () => {
    kernel.mountsDevice = "259:8";
    await assert.rejects(held.mount(request, signal), { kind: "precondition", message: /259:8/ });
    assert.deepEqual(kernel.log, [mountCommand, "umount --no-canonicalize /mnt/stage"]);
  });

  it("that are busy say so, and other refusals are quoted", async () => {
    kernel.refusal = "mount: /mnt/stage: /dev/nvme0n1 already mounted or mount point busy.";
    await assert.rejects(held.mount(request, signal), { kind: "in_use", message: /mount point busy/ });
    kernel.refusal = "mount: wrong fs type";
    await assert.rejects(held.mount(request, signal), { kind: "unavailable", message: /wrong fs type/ });
    kernel.mounts.push("40 30 259:1 / /mnt/stage rw - ext4 /dev/nvme0n1 rw");
    kernel.sync();
    kernel.refusal = "umount: /mnt/stage: target is busy.";
    await assert.rejects(filesystem.unmount("/mnt/stage", signal), { kind: "in_use", message: /target is busy/ });
  });

  it("are bound read-only in two steps, and a half-done bind is finished", async () => {
    await held.mount(request, signal);
    kernel.log.length = 0;
    const bind = (readOnly: boolean) => filesystem.bind({ source: "/mnt/stage", target: "/mnt/pod", readOnly }, signal);
    await bind(false);
    await bind(true);
    await bind(true);
    const steps = ["mount --bind /mnt/stage /mnt/pod", "mount -o remount,bind,ro --target /mnt/pod"];
    assert.deepEqual(kernel.log, steps);
    await assert.rejects(bind(false), { kind: "in_use" });
  });

  it("bind a device node as raw block", async () => {
    await filesystem.bind({ source: "/dev/nvme0n1", target: "/mnt/raw", readOnly: false }, signal);
    await filesystem.bind({ source: "/dev/nvme0n1", target: "/mnt/raw", readOnly: false }, signal);
    assert.deepEqual(kernel.log, ["mount --bind /dev/nvme0n1 /mnt/raw"]);
    await assert.rejects(filesystem.bind({ source: "/dev/nvme1n1", target: "/mnt/raw", readOnly: false }, signal), {
      kind: "in_use",
    });
  });

  it("bind no other device than the one that was meant, whoever bears its name by now (V33)", async () => {
    const request = { source: "/dev/nvme0n1", device, target: "/mnt/raw", readOnly: false };
    for (const bearer of ["11111111-1111-4222-8333-444455556666", uuid]) {
      kernel.write("sys/dev/block/259:1/uuid", `${bearer}\n`);
      // There is no device node here: the second round fails by the number, the first by the namespace.
      await assert.rejects(filesystem.bind(request, signal), { kind: "unavailable", message: /of namespace 6ba7b811/ });
    }
    assert.deepEqual((await filesystem.mounts()).length, 2, "what was bound is unmounted");
  });

  it("lose the topmost mount of a path only, and absence is done", async () => {
    kernel.mounts.push("40 30 259:7 / /mnt/pod rw - ext4 a rw", "41 30 259:8 / /mnt/pod rw - ext4 b rw");
    kernel.sync();
    await filesystem.unmount("/mnt/pod", signal);
    assert.deepEqual((await filesystem.mounts()).map(({ device: { minor } }) => minor).slice(2), [7]);
    await filesystem.unmount("/mnt/nothing", signal);
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
    await held.mount(request, signal);
    await filesystem.bind({ source: "/dev/nvme0n1", target: "/mnt/raw", readOnly: false }, signal);
    kernel.mounts = kernel.mounts.map((line) => line.replace(" - any x", " - devtmpfs x"));
    kernel.sync();
    assert.deepEqual(await filesystem.holders(device), ["dm-0", "/mnt/stage", "/mnt/raw"]);
  });

  it("measure space and inodes", async () => {
    const [bytes, inodes] = await filesystem.usage("/");
    assert.equal(bytes?.unit, "bytes");
    assert.equal(inodes?.unit, "inodes");
    assert.ok(bytes.total > bytes.used && bytes.used > 0n && bytes.available > 0n);
  });
});
