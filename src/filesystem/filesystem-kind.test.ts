import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { askOf } from "../../test/support/children.ts";
import { defaultMkfsOptions, type MkfsOptions } from "../domain/class-parameters.ts";
import type { RunRequest } from "../host/direct-io-child.ts";
import type { Exec } from "../host/exec.ts";
import { btrfs } from "./btrfs.ts";
import { ext4 } from "./ext4.ts";
import { diagnose, growFilesystem, makeFilesystem, type FilesystemKind } from "./filesystem-kind.ts";
import { xfs } from "./xfs.ts";

const uuid = "6ba7b810-9dad-51d1-80b4-00c04fd430c9";
const signal = AbortSignal.timeout(10_000);

/** Answers programs that run on the held device with the given exit statuses, and blkid with `blkid`. */
function fake(statuses: (number | null)[], { blkid = "", stdout = "", stderr = "" } = {}) {
  const seen: RunRequest[] = [];
  const run: Exec = (file, _args, { input }) => {
    const done = (exitCode: number, text: string) =>
      Promise.resolve({ exitCode, signal: undefined, stdout: text, stderr: "" });
    const ended = (exitCode: number | null, fields: object) =>
      done(0, JSON.stringify({ ok: true, exitCode, signal: exitCode === null ? "SIGTERM" : null, ...fields }));
    assert.equal(file, process.execPath);
    const request = JSON.parse(input ?? "") as RunRequest;
    if (request.file === "blkid") return ended(blkid === "" ? 2 : 0, { stdout: blkid, stderr: "" });
    seen.push(request);
    return ended(statuses.shift() ?? null, { stdout, stderr });
  };
  return { run, seen };
}

const path = "/dev/nvme0n1";
const make = async (exec: Exec, kind: FilesystemKind = ext4, isOver = false, options = defaultMkfsOptions) =>
  makeFilesystem(askOf(exec), { kind, path, uuid, isOver, options }, signal);

describe("making ext4", () => {
  it("pins every feature and does not force", async () => {
    const { run, seen } = fake([0], { blkid: `TYPE=ext4\nUUID=${uuid}` });
    await make(run);
    const features =
      "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file," +
      "huge_file,dir_nlink,extra_isize,metadata_csum";
    const extended = "nodiscard,lazy_itable_init=1,lazy_journal_init=1";
    const args = `-q -b 4096 -I 256 -m 0 -i 16384 -U ${uuid} -E ${extended} -O ${features}`;
    assert.deepEqual(seen, [{ op: "run", file: "mkfs.ext4", args: [...args.split(" "), path] }]);
  });

  it("fails when mkfs fails, and quotes it", async () => {
    const { run } = fake([1], { stderr: "mkfs.ext4: Device size reported to be zero." });
    await assert.rejects(make(run), { kind: "unavailable", message: /reported to be zero/ });
  });

  it("fails unless blkid finds exactly what was made", async () => {
    for (const blkid of ["", "TYPE=ext4\nUUID=x", `TYPE=xfs\nUUID=${uuid}`]) {
      const work = make(fake([0], { blkid }).run);
      await assert.rejects(work, { kind: "unavailable", message: /blkid must find ext4/ });
    }
  });
});

describe("checking ext4", () => {
  let directory: string;
  let undoFile: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "undo-"));
    undoFile = join(directory, "nvme0n1");
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Writes undo files as e2fsck does. */
  const checkExt4 = async ({ run, seen }: ReturnType<typeof fake>) => {
    const writing: Exec = async (...call) => {
      const result = await run(...call);
      const [, option, file] = seen.at(-1)?.args ?? [];
      if (option === "-z" && file !== undefined) writeFileSync(file, "replaced blocks", { flag: "wx" });
      return result;
    };
    return await ext4.check?.(askOf(writing), { path, undoFile }, signal);
  };
  const commands = ({ seen }: ReturnType<typeof fake>) => seen.map(({ file, args }) => [file, ...args].join(" "));
  const check = async (...statuses: (number | null)[]) =>
    checkExt4(fake(statuses, { stdout: "UNEXPECTED INCONSISTENCY" }));

  it("repairs what is safe and nothing else", async () => {
    const programs = fake([0]);
    assert.deepEqual(await checkExt4(programs), { kind: "clean" });
    assert.deepEqual(commands(programs), [`e2fsck -p -z ${undoFile} /dev/nvme0n1`]);
    assert.deepEqual(await check(1), { kind: "repaired" });
  });

  it("takes back what it changed when it gives up, the last run first, and keeps no undo file", async () => {
    const programs = fake([3, 4, 0, 0]);
    assert.equal((await checkExt4(programs))?.kind, "damaged");
    const undone = [`e2undo ${undoFile}.again /dev/nvme0n1`, `e2undo ${undoFile} /dev/nvme0n1`];
    assert.deepEqual(commands(programs).slice(2), undone);
    assert.deepEqual(readdirSync(directory), []);
  });

  it("begins anew where a check was killed", async () => {
    writeFileSync(undoFile, "of another check");
    assert.deepEqual(await check(0), { kind: "clean" });
    assert.equal(existsSync(undoFile), false);
  });

  it("says so when its changes cannot be taken back", async () => {
    const result = await check(4, 1);
    assert.match(result?.kind === "damaged" ? result.report : "", /INCONSISTENCY\nits changes could not be taken back/);
  });

  it("runs again when a reboot is advised, and then wants a good answer", async () => {
    assert.deepEqual(await check(2, 0), { kind: "repaired" });
    assert.deepEqual(await check(3, 1), { kind: "repaired" });
    assert.equal((await check(2, 2, 0, 0))?.kind, "damaged");
    assert.equal((await check(3, 4, 0, 0))?.kind, "damaged");
  });

  it("calls damage damage, with the report", async () => {
    assert.deepEqual(await check(4, 0), { kind: "damaged", report: "UNEXPECTED INCONSISTENCY" });
    assert.equal((await check(5, 0))?.kind, "damaged");
  });

  it("gives no verdict when e2fsck could not work", async () => {
    for (const status of [8, 12, 16, 32, 128, null]) {
      await assert.rejects(check(status), { kind: "unavailable", message: /with e2fsck: UNEXPECTED/ });
    }
  });
});

describe("making xfs and btrfs", () => {
  const argvOf = async (kind: FilesystemKind, isOver: boolean, options?: MkfsOptions) => {
    const { run, seen } = fake([0], { blkid: `TYPE=${kind.type}\nUUID=${uuid}` });
    await make(run, kind, isOver, options);
    return [seen[0]?.file, ...(seen[0]?.args ?? [])].join(" ");
  };

  it("pins what Linux 5.15 mounts, and discards nothing", async () => {
    const metadata = `crc=1,finobt=1,inobtcount=1,reflink=1,rmapbt=0,bigtime=1,metadir=0,autofsck=0,uuid=${uuid}`;
    const layout = "-i sparse=1,nrext64=0,exchange=0,maxpct=25 -n parent=0";
    const xfsArgs = `-b size=4096 -s size=4096 -m ${metadata} ${layout} /dev/nvme0n1`;
    assert.equal(await argvOf(xfs, false), `mkfs.xfs -q -K ${xfsArgs}`);
    const features = "-O extref,skinny-metadata,no-holes,free-space-tree,^block-group-tree";
    const btrfsArgs = `-d single -m dup -n 16384 -s 4096 --csum crc32c ${features} -U ${uuid} /dev/nvme0n1`;
    assert.equal(await argvOf(btrfs, false), `mkfs.btrfs -q -K ${btrfsArgs}`);
  });

  it("takes what the class chose for the type", async () => {
    const options = {
      ext4: { reservedPercent: 5, bytesPerInode: 8192 },
      xfs: { maxInodePercent: 40 },
      btrfs: { metadataProfile: "single", nodeSize: 65_536, checksum: "blake2" },
    };
    assert.match(await argvOf(ext4, false, options), / -m 5 -i 8192 /);
    assert.match(await argvOf(xfs, false, options), / -i \S+,maxpct=40 /);
    assert.match(await argvOf(btrfs, false, options), / -m single -n 65536 -s 4096 --csum blake2 /);
  });

  it("forces only over a mkfs that was cut short", async () => {
    for (const kind of [xfs, btrfs]) {
      assert.doesNotMatch(await argvOf(kind, false), / -f /);
      assert.match(await argvOf(kind, true), / -f /);
    }
  });
});

describe("growing a mounted file system", () => {
  it("is done by its own program on the held device, and quotes that when it fails", async () => {
    const commands = { ext4: "resize2fs /dev/nvme0n1", xfs: "xfs_growfs -d /mnt/stage" };
    const all = { ...commands, btrfs: "btrfs filesystem resize max /mnt/stage" };
    for (const kind of [ext4, xfs, btrfs]) {
      const { run, seen } = fake([0, 1], { stderr: "no space" });
      const grow = async () => growFilesystem(askOf(run), { kind, device: path, path: "/mnt/stage" }, signal);
      await grow();
      assert.equal([seen[0]?.file, ...(seen[0]?.args ?? [])].join(" "), all[kind.type]);
      await assert.rejects(grow(), { kind: "unavailable", message: /no space/ });
    }
  });
});

describe("the diagnosis of a file system that does not mount", () => {
  it("only looks", () => {
    assert.deepEqual(xfs.diagnose("/dev/x"), ["xfs_repair", "-n", "/dev/x"]);
    assert.deepEqual(btrfs.diagnose("/dev/x"), ["btrfs", "check", "--readonly", "/dev/x"]);
    assert.deepEqual(ext4.diagnose("/dev/x"), ["e2fsck", "-f", "-n", "/dev/x"]);
  });

  it("is the program's report, or nothing when it finds nothing wrong", async () => {
    const damaged = fake([1], { stdout: "bad magic number" }).run;
    assert.equal(await diagnose(askOf(damaged), { kind: xfs, path }, signal), "bad magic number");
    for (const status of [0, 2, 32, null]) {
      assert.equal(
        await diagnose(askOf(fake([status], { stdout: "odd" }).run), { kind: btrfs, path }, signal),
        undefined,
      );
    }
  });
});
