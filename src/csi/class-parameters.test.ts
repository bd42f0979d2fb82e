import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { defaultMkfsOptions } from "../domain/class-parameters.ts";
import { parameters } from "./class-parameters.ts";
import { decode } from "./decode.ts";

const read = (map: Record<string, string>) =>
  decode("CreateVolume", z.object({ parameters }), { parameters: map }).parameters;

describe("StorageClass parameters", () => {
  it("are those of the driver; the provisioner's own pass", () => {
    assert.deepEqual(read({}), { mkfs: defaultMkfsOptions });
    const { backend, mkfs } = read({ backend: "nvmet", "csi.storage.k8s.io/pv/name": "x", "btrfs.nodeSize": "32768" });
    assert.equal(backend, "nvmet");
    assert.deepEqual(mkfs, { ...defaultMkfsOptions, btrfs: { ...defaultMkfsOptions.btrfs, nodeSize: 32_768 } });
  });

  it("say whether several nodes may write, as raw block alone", () => {
    assert.equal(read({ multiWriter: "block" }).multiWriter, "block");
    for (const value of ["", "true", "Block", "filesystem"]) {
      assert.throws(() => read({ multiWriter: value }), {
        kind: "invalid_argument",
        message: `cannot serve CreateVolume: parameters.multiWriter must be block; got ${JSON.stringify(value)}`,
      });
    }
  });

  it("are refused with a wrong value, naming the field, the rule and the value", () => {
    assert.throws(() => read({ "ext4.reservedPercent": "51" }), {
      kind: "invalid_argument",
      message:
        'cannot serve CreateVolume: parameters.ext4.reservedPercent must be a whole number from 0 to 50; got "51"',
    });
    assert.throws(() => read({ "btrfs.checksum": "md5" }), {
      kind: "invalid_argument",
      message: /parameters\.btrfs\.checksum must be crc32c, xxhash, sha256 or blake2; got "md5"$/,
    });
  });

  for (const key of [
    ...["Backend", "backend ", "backen", "fsType", "csi.storage.k8s.io", "skipFormatCheck", "__proto__x"],
    ...["ext4", "ext4.", "ext4.reservedpercent", "xfs.reservedPercent", "zfs.compression"],
  ]) {
    it(`are refused with ${JSON.stringify(key)}, naming it and the known ones`, () => {
      assert.throws(
        () => read({ [key]: "0" }),
        (error: unknown) =>
          error instanceof Error &&
          error.message.includes(key) &&
          /knows backend, pool, multiWriter, ext4\./.test(error.message),
      );
    });
  }
});
