import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SnapshotId, VolumeId } from "../domain/identity.ts";
import {
  formatSnapshotHandle,
  formatVolumeHandle,
  knownVolume,
  parseHandleOf,
  parseSnapshotHandle,
  parseSnapshotOf,
  parseVolumeHandle,
  snapshotOf,
  volumeOf,
} from "./volume-handle.ts";

const digits = "0123456789abcdef".repeat(2);
const volume = `v1-${digits}` as VolumeId;
const snapshot = `s1-${digits}` as SnapshotId;
const backends = ["nvmet", "memory", "ceph-nvmeof", "a", "b".repeat(32)];

/** What is no handle, whatever its id would be of; `other` is an id of the other kind. */
function badHandles(id: string, other: string): readonly string[] {
  return [
    "",
    "/",
    id,
    `/${id}`,
    `nvmet/`,
    `nvmet/${id}/`,
    `nvmet/${id}/..`,
    `nvmet//${id}`,
    `../${id}`,
    `nvmet/../${id}`,
    `NVMET/${id}`,
    `nv met/${id}`,
    `${"b".repeat(33)}/${id}`,
    `nvmet/${id.toUpperCase()}`,
    `nvmet/${id.slice(0, -1)}`,
    `nvmet/${id}0`,
    `nvmet/${id.replace("1-", "2-")}`,
    `nvmet/${digits}`,
    `nvmet/${other}`,
    `nvmet/${id}\n`,
    `nvmet/\n${id}`,
    `nvmet\n/${id}`,
    `nvmet/${id}\0`,
    "nvmet/../../etc/passwd",
    "fake-vol-id",
  ];
}

describe("a volume handle", () => {
  for (const backend of backends) {
    it(`is read back as it was written for ${backend}, within 128 bytes`, () => {
      const text = formatVolumeHandle({ backend, volume });
      assert.equal(text, `${backend}/${volume}`);
      assert.ok(Buffer.byteLength(text) <= 128);
      assert.deepEqual(parseVolumeHandle(text), { backend, volume });
      assert.equal(knownVolume(parseVolumeHandle(text), text), volume);
      assert.equal(volumeOf(backend, text), volume);
    });
  }

  for (const text of badHandles(volume, snapshot)) {
    it(`is a volume that does not exist: ${JSON.stringify(text)} (F65)`, () => {
      assert.equal(parseVolumeHandle(text), undefined);
      assert.throws(() => knownVolume(parseVolumeHandle(text), text), { kind: "not_found" });
    });
  }

  it("of another back end is a volume that does not exist", () => {
    const text = formatVolumeHandle({ backend: "memory", volume });
    assert.equal(parseHandleOf("nvmet", text), undefined);
    assert.throws(() => volumeOf("nvmet", text), {
      kind: "not_found",
      message: /with that volume_id; got "memory\/v1-/,
    });
  });

  it("that is not known is refused with the field that it came from", () => {
    const refusal = { kind: "not_found", message: /there is no volume with that source_volume_id; got "x"$/ };
    assert.throws(() => knownVolume(undefined, "x", "source_volume_id"), refusal);
  });
});

describe("a snapshot handle", () => {
  for (const backend of backends) {
    it(`is read back as it was written for ${backend}, within 128 bytes`, () => {
      const text = formatSnapshotHandle({ backend, snapshot });
      assert.equal(text, `${backend}/${snapshot}`);
      assert.ok(Buffer.byteLength(text) <= 128);
      assert.deepEqual(parseSnapshotHandle(text), { backend, snapshot });
      assert.equal(parseSnapshotOf(backend, text), snapshot);
      assert.equal(snapshotOf(backend, text), snapshot);
    });
  }

  for (const text of badHandles(snapshot, volume)) {
    it(`is a snapshot that does not exist: ${JSON.stringify(text)} (F65)`, () => {
      assert.equal(parseSnapshotHandle(text), undefined);
      assert.equal(parseSnapshotOf("nvmet", text), undefined);
      assert.throws(() => snapshotOf("nvmet", text), { kind: "not_found" });
    });
  }

  it("of another back end is a snapshot that does not exist", () => {
    const text = formatSnapshotHandle({ backend: "memory", snapshot });
    assert.equal(parseSnapshotOf("nvmet", text), undefined);
    const refusal = { kind: "not_found", message: /there is no snapshot with that snapshot_id; got "memory\/s1-/ };
    assert.throws(() => snapshotOf("nvmet", text), refusal);
  });

  it("is never the handle of a volume, not even of one with the same name", () => {
    assert.equal(parseVolumeHandle(formatSnapshotHandle({ backend: "nvmet", snapshot })), undefined);
    assert.equal(parseSnapshotHandle(formatVolumeHandle({ backend: "nvmet", volume })), undefined);
  });
});
