import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { probeSignature } from "./blkid.ts";
import type { Exec } from "./exec.ts";

const ext4 = `DEVNAME=/dev/nvme0n1
UUID=6ba7b810-9dad-51d1-80b4-00c04fd430c9
VERSION=1.0
FSBLOCKSIZE=4096
BLOCK_SIZE=4096
FSLASTBLOCK=81920
FSSIZE=335544320
TYPE=ext4
USAGE=filesystem`;
const gpt = `DEVNAME=/dev/nvme0n1
PTUUID=ab1b1a1f-3b9b-4a2e-8b6e-1d0e4f2c8f10
PTTYPE=gpt`;
const lvm = `DEVNAME=/dev/nvme0n1
UUID=fbx2Dr-5tVy-dPfH-kKMv-ZKrM-sWDJ-ZbcnY4
VERSION=LVM2 001
TYPE=LVM2_member
USAGE=raid`;

const saying =
  (exitCode: number | undefined, stdout: string): Exec =>
  () =>
    Promise.resolve({ exitCode, signal: exitCode === undefined ? "SIGTERM" : undefined, stdout, stderr: "" });
const probe = (run: Exec) => probeSignature(run, "/dev/nvme0n1", { signal: AbortSignal.timeout(1000) });

describe("blkid", () => {
  it("asks by the low-level probe", async () => {
    const spy: Exec = (file, args) => {
      assert.deepEqual([file, ...args], ["blkid", "-p", "-o", "export", "/dev/nvme0n1"]);
      return Promise.resolve({ exitCode: 2, signal: undefined, stdout: "", stderr: "" });
    };
    assert.equal(await probe(spy), undefined);
  });

  it("names file systems, members of something larger, and partition tables", async () => {
    assert.deepEqual(await probe(saying(0, ext4)), { type: "ext4", uuid: "6ba7b810-9dad-51d1-80b4-00c04fd430c9" });
    assert.deepEqual(await probe(saying(0, lvm)), {
      type: "LVM2_member",
      uuid: "fbx2Dr-5tVy-dPfH-kKMv-ZKrM-sWDJ-ZbcnY4",
    });
    assert.deepEqual(await probe(saying(0, gpt)), { type: "gpt", uuid: "ab1b1a1f-3b9b-4a2e-8b6e-1d0e4f2c8f10" });
  });

  it("counts several signatures at once, and one without a name, as signatures", async () => {
    assert.deepEqual(await probe(saying(8, "")), { type: "ambivalent" });
    assert.deepEqual(await probe(saying(0, "DEVNAME=/dev/nvme0n1")), { type: "unknown" });
  });

  it("gives no answer when it failed or was killed", async () => {
    await assert.rejects(probe(saying(4, "")), { kind: "unavailable" });
    await assert.rejects(probe(saying(undefined, "")), { kind: "unavailable", message: /SIGTERM/ });
  });
});
