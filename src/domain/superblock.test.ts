import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, openSync, readSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { superblocks } from "./superblock.ts";

const MiB = 2 ** 20;

describe("the size of a file system", () => {
  it("is what mkfs made of an ext4, and not that of the device", () => {
    const directory = mkdtempSync(join(tmpdir(), "superblock-"));
    const path = join(directory, "ext4");
    for (const [features, blockSize] of [
      ["64bit", 4096],
      ["^64bit", 1024],
    ] as const) {
      writeFileSync(path, "");
      truncateSync(path, 64 * MiB);
      execFileSync("mkfs.ext4", ["-q", "-b", String(blockSize), "-O", features, path, `${(48 * MiB) / blockSize}`]);
      const block = Buffer.alloc(4096);
      readSync(openSync(path, "r"), block, 0, 4096, Number(superblocks.ext4.offset));
      assert.equal(superblocks.ext4.size(block), BigInt(48 * MiB), features);
    }
    rmSync(directory, { recursive: true });
  });

  it("is its blocks, of an xfs", () => {
    const block = Buffer.alloc(4096);
    block.write("XFSB");
    block.writeUInt32BE(4096, 4);
    block.writeBigUInt64BE(2n ** 40n, 8);
    assert.equal(superblocks.xfs.size(block), 2n ** 52n);
  });

  it("is that of its only device, of a btrfs", () => {
    const block = Buffer.alloc(4096);
    block.write("_BHRfS_M", 0x40);
    block.writeBigUInt64LE(2n ** 52n, 0x70);
    assert.equal(superblocks.btrfs.size(block), 2n ** 52n);
  });

  it("is unknown where the magic number is not", () => {
    for (const { size } of Object.values(superblocks)) assert.equal(size(Buffer.alloc(4096)), undefined);
  });
});
