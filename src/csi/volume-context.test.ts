import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { defaultMkfsOptions } from "../domain/class-parameters.ts";
import { decode } from "./decode.ts";
import { encodeVolumeContext, volumeContext } from "./volume-context.ts";

const read = (map: Record<string, string>) =>
  decode("NodeStageVolume", z.object({ volume_context: volumeContext }), { volume_context: map }).volume_context;

describe("a volume context", () => {
  it("has the parameters for mkfs that the class gives, and nothing when it gives none", () => {
    assert.deepEqual(encodeVolumeContext({ backend: "nvmet", "csi.storage.k8s.io/pv/name": "x" }), {});
    assert.deepEqual(encodeVolumeContext({ backend: "nvmet", "xfs.maxInodePercent": "40" }), {
      schema: "1",
      "xfs.maxInodePercent": "40",
    });
  });

  it("is read back as options, with the defaults for what is not in it", () => {
    const context = encodeVolumeContext({ "ext4.bytesPerInode": "8192", "btrfs.checksum": "sha256" });
    assert.deepEqual(read(context), {
      ...defaultMkfsOptions,
      ext4: { ...defaultMkfsOptions.ext4, bytesPerInode: 8192 },
      btrfs: { ...defaultMkfsOptions.btrfs, checksum: "sha256" },
    });
  });

  it("may have keys of others, and need not have a schema", () => {
    assert.deepEqual(read({ "storage.kubernetes.io/csiProvisionerIdentity": "1-2-x" }), defaultMkfsOptions);
    assert.equal(read({ "ext4.reservedPercent": "5" }).ext4.reservedPercent, 5);
  });

  const bad: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ schema: "2" }, /volume_context\.schema must be 1, the version this driver reads; got "2"/],
    [{ "ext4.reservedPercent": "51" }, /volume_context\.ext4\.reservedPercent must be a whole number.*; got "51"/],
    [{ "ext4.reservedPercent": "0 -O encrypt" }, /must be a whole number from 0 to 50; got "0 -O encrypt"/],
    [{ "btrfs.checksum": "crc32c,/dev/sda" }, /must be crc32c, xxhash, sha256 or blake2/],
    [
      { "ext4.extended": "discard" },
      /volume_context\.ext4\.extended is no key that this driver writes; it knows schema/,
    ],
    [{ backend: "nvmet" }, /volume_context\.backend is no key/],
  ];
  for (const [map, message] of bad) {
    it(`is refused with ${JSON.stringify(map)}`, () => {
      assert.throws(() => read(map), { kind: "invalid_argument", message });
    });
  }
});
