/** A kernel with a mount table, and sysfs in a directory, for the file systems' unit tests. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Uuid } from "../../src/domain/identity.ts";
import { KernelFilesystem } from "../../src/filesystem/kernel-filesystem.ts";
import type { ChildRequest, ReadRequest } from "../../src/host/direct-io-child.ts";
import type { Exec } from "../../src/host/exec.ts";
import { askOf, childrenOf } from "./children.ts";

/** The device that all tests are about. */
export const device = {
  path: "/dev/nvme0n1",
  number: { major: 259, minor: 1 },
  size: 335544320n,
  uuid: "6ba7b811-9dad-51d1-80b4-00c04fd430c8" as Uuid,
};
/** What is run for the request below. */
export const mountCommand =
  "mount --no-canonicalize -t ext4 -o errors=remount-ro,noatime,rw --source /dev/nvme0n1 --target /mnt/stage";
const rootLine = "30 1 0:25 / / rw,relatime - overlay x rw";
const devLine = "25 30 0:6 / /dev rw,relatime - devtmpfs x rw";

/** `mount` and `umount` change the table as Linux does. */
export class FakeKernel {
  readonly root = mkdtempSync(join(tmpdir(), "filesystem-"));
  readonly log: string[] = [];
  readonly readings: ReadRequest[] = [];
  mounts: string[] = [devLine, rootLine];
  /** To mount the device. */
  readonly request = { path: this.at("/mnt/stage"), type: "ext4", options: ["noatime"], readOnly: false } as const;
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
  /** What happens when mount has been started. */
  meanwhile: (() => void) | undefined;
  /** The device that a mount really mounts. */
  mountsDevice = "259:1";

  readonly filesystem: KernelFilesystem;

  constructor() {
    this.sync();
    mkdirSync(this.at("mnt"));
    const [sys, proc] = [join(this.root, "sys"), join(this.root, "proc")];
    const children = childrenOf(askOf(this.exec), () => this.log.push("released"));
    this.filesystem = new KernelFilesystem({ exec: this.exec, children, undoDirectory: this.root, sys, proc });
  }

  dispose(): void {
    rmSync(this.root, { recursive: true });
  }

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
    const ended = (fields: object) => done(0, JSON.stringify({ ok: true, signal: null, stderr: "", ...fields }));
    if (request.file === "blkid") return ended(this.blkid);
    const [exitCode, stderr] = this.#mounting(request.file, request.args);
    return ended({ exitCode, stdout: "", stderr });
  };

  /** Where a mount point of the tests really lies. */
  at(path: string): string {
    return join(this.root, path);
  }

  /** The log has mount points by their names, without the root. */
  #mounting(file: string, given: readonly string[]): readonly [number, string] {
    if (file === "mount") this.meanwhile?.();
    const held = /^\/proc\/\d+\/fd\/\d+/;
    const args = given.map((word) => word.replace(held, (directory) => readlinkSync(directory)));
    this.log.push([file, ...args].join(" ").replaceAll(this.root, ""));
    if (file.startsWith("xfs_repair")) return [this.diagnosis, "bad magic number"];
    if (this.refusal !== undefined) return [32, this.refusal];
    const option = (name: string) => args[args.indexOf(name) + 1] ?? "";
    const target = args.at(-1) ?? "";
    if (file === "umount") {
      this.mounts.splice(
        this.mounts.findLastIndex((line) => line.split(" ")[4] === target),
        1,
      );
    } else if (args.includes("--bind")) {
      const source = args.at(-2) ?? "";
      const place = source.startsWith("/dev/") ? `0:6 /${source.slice(5)}` : `259:1 /`;
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
