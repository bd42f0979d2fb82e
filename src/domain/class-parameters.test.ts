import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { classParameters, defaultMkfsOptions, mkfsOptions, mkfsParameters } from "./class-parameters.ts";

const takes = (name: string, value: string) => mkfsOptions.safeParse({ [name]: value }).success;

describe("the parameters for mkfs", () => {
  it("are what mkfs was told before there were any, unless a class says more", () => {
    assert.deepEqual(defaultMkfsOptions, {
      ext4: { reservedPercent: 0, bytesPerInode: 16_384 },
      xfs: { maxInodePercent: 25 },
      btrfs: { metadataProfile: "dup", nodeSize: 16_384, checksum: "crc32c" },
    });
  });

  const values: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["ext4.reservedPercent", ["0", "1", "50"], ["51", "-1", "5.5", "05", "5%", "", " 5", "1e1", "+5", "0x5"]],
    ["ext4.bytesPerInode", ["8192", "16384", "4194304"], ["4096", "8388608", "10000", "16 KiB", "8192.0", "NaN"]],
    ["xfs.maxInodePercent", ["1", "25", "100"], ["0", "101", "maxpct=5", "5,size=512"]],
    ["btrfs.metadataProfile", ["dup", "single"], ["raid1", "DUP", "dup "]],
    ["btrfs.nodeSize", ["16384", "32768", "65536"], ["4096", "131072", "16k"]],
    ["btrfs.checksum", ["crc32c", "xxhash", "sha256", "blake2"], ["md5", "CRC32C", "none"]],
  ];
  for (const [name, good, bad] of values) {
    it(`take of ${name} only what they say`, () => {
      assert.deepEqual(
        [...good, ...bad].filter((value) => takes(name, value)),
        good,
      );
    });
  }

  it("all have a case above", () => {
    assert.deepEqual(
      mkfsParameters.map(({ name }) => name),
      values.map(([name]) => name),
    );
  });

  it("never let a text through that could be more than one word of a command", () => {
    fc.assert(
      fc.property(fc.constantFrom(...mkfsParameters), fc.string(), ({ name }, text) => {
        assert.ok(!takes(name, text) || /^[a-z0-9]+$/.test(text));
      }),
    );
  });

  it("have defaults that they take, and no name twice", () => {
    assert.deepEqual(
      mkfsParameters.filter(({ name, fallback }) => !takes(name, fallback)),
      [],
    );
    assert.equal(new Set(classParameters.map(({ name }) => name)).size, classParameters.length);
  });
});
