import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RunRequest } from "../host/direct-io-child.ts";
import type { Exec } from "../host/exec.ts";
import type { Uuid } from "../domain/identity.ts";
import { checkExt4, makeExt4 } from "./ext4.ts";

const device = {
  path: "/dev/nvme0n1",
  number: { major: 259, minor: 1 },
  size: 335544320n,
  uuid: "6ba7b811-9dad-51d1-80b4-00c04fd430c8" as Uuid,
};
const uuid = "6ba7b810-9dad-51d1-80b4-00c04fd430c9";
const signal = AbortSignal.timeout(10_000);

/** Answers programs that run on the held device with the given exit statuses, and blkid with `blkid`. */
function fake(statuses: (number | null)[], { blkid = "", stdout = "", stderr = "" } = {}) {
  const seen: RunRequest[] = [];
  const run: Exec = (file, _args, { input }) => {
    const done = (exitCode: number, text: string) =>
      Promise.resolve({ exitCode, signal: undefined, stdout: text, stderr: "" });
    if (file === "blkid") return done(blkid === "" ? 2 : 0, blkid);
    seen.push(JSON.parse(input ?? "") as RunRequest);
    const exitCode = statuses.shift() ?? null;
    return done(
      0,
      JSON.stringify({ ok: true, exitCode, signal: exitCode === null ? "SIGTERM" : null, stdout, stderr }),
    );
  };
  return { run, seen };
}

describe("making ext4", () => {
  it("pins every feature, does not force, and holds the verified device", async () => {
    const { run, seen } = fake([0], { blkid: `TYPE=ext4\nUUID=${uuid}` });
    await makeExt4(run, device, uuid, signal);
    const features =
      "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file," +
      "huge_file,dir_nlink,extra_isize,metadata_csum";
    const args = `-q -b 4096 -I 256 -m 0 -U ${uuid} -E nodiscard,lazy_itable_init=1,lazy_journal_init=1 -O ${features}`;
    const expect = { kind: "block", major: 259, minor: 1, uuid: device.uuid };
    const request = {
      op: "run",
      path: device.path,
      expect,
      file: "mkfs.ext4",
      args: [...args.split(" "), device.path],
    };
    assert.deepEqual(seen, [request]);
  });

  it("fails when mkfs fails, and quotes it", async () => {
    const { run } = fake([1], { stderr: "mkfs.ext4: Device size reported to be zero." });
    await assert.rejects(makeExt4(run, device, uuid, signal), { kind: "unavailable", message: /reported to be zero/ });
  });

  it("fails unless blkid finds exactly what was made", async () => {
    for (const blkid of ["", "TYPE=ext4\nUUID=x", `TYPE=xfs\nUUID=${uuid}`]) {
      const work = makeExt4(fake([0], { blkid }).run, device, uuid, signal);
      await assert.rejects(work, { kind: "unavailable", message: /blkid must find ext4/ });
    }
  });
});

describe("checking ext4", () => {
  const check = (...statuses: (number | null)[]) =>
    checkExt4(fake(statuses, { stdout: "UNEXPECTED INCONSISTENCY" }).run, device, signal);

  it("repairs what is safe and nothing else", async () => {
    const { run, seen } = fake([0]);
    assert.deepEqual(await checkExt4(run, device, signal), { kind: "clean" });
    assert.deepEqual([seen[0]?.file, seen[0]?.args], ["e2fsck", ["-p", "/dev/nvme0n1"]]);
    assert.deepEqual(await check(1), { kind: "repaired" });
  });

  it("runs again when a reboot is advised, and then wants a good answer", async () => {
    assert.deepEqual(await check(2, 0), { kind: "repaired" });
    assert.deepEqual(await check(3, 1), { kind: "repaired" });
    assert.equal((await check(2, 2)).kind, "damaged");
    assert.equal((await check(3, 4)).kind, "damaged");
  });

  it("calls damage damage, with the report", async () => {
    assert.deepEqual(await check(4), { kind: "damaged", report: "UNEXPECTED INCONSISTENCY" });
    assert.equal((await check(5)).kind, "damaged");
  });

  it("gives no verdict when e2fsck could not work", async () => {
    for (const status of [8, 12, 16, 32, 128, null]) {
      await assert.rejects(check(status), { kind: "unavailable", message: /with e2fsck: UNEXPECTED/ });
    }
  });
});
