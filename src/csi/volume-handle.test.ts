import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VolumeId } from "../domain/identity.ts";
import { formatVolumeHandle, knownVolume, parseVolumeHandle } from "./volume-handle.ts";

const volume = `v1-${"0123456789abcdef".repeat(2)}` as VolumeId;

describe("a volume handle", () => {
  for (const backend of ["nvmet", "memory", "ceph-nvmeof", "a", "b".repeat(32)]) {
    it(`is read back as it was written for ${backend}, within 128 bytes`, () => {
      const text = formatVolumeHandle({ backend, volume });
      assert.equal(text, `${backend}/${volume}`);
      assert.ok(Buffer.byteLength(text) <= 128);
      assert.deepEqual(parseVolumeHandle(text), { backend, volume });
      assert.equal(knownVolume(parseVolumeHandle(text), text), volume);
    });
  }

  const bad = [
    "",
    "/",
    volume,
    `/${volume}`,
    `nvmet/`,
    `nvmet/${volume}/`,
    `nvmet/${volume}/..`,
    `nvmet//${volume}`,
    `../${volume}`,
    `nvmet/../${volume}`,
    `NVMET/${volume}`,
    `nv met/${volume}`,
    `${"b".repeat(33)}/${volume}`,
    `nvmet/${volume.toUpperCase()}`,
    `nvmet/${volume.slice(0, -1)}`,
    `nvmet/${volume}0`,
    `nvmet/v2${volume.slice(2)}`,
    `nvmet/${volume}\n`,
    `nvmet/${volume}\0`,
    "nvmet/../../etc/passwd",
    "fake-vol-id",
  ];
  for (const text of bad) {
    it(`is a volume that does not exist: ${JSON.stringify(text)} (F65)`, () => {
      assert.equal(parseVolumeHandle(text), undefined);
      assert.throws(() => knownVolume(parseVolumeHandle(text), text), { kind: "not_found" });
    });
  }
});
