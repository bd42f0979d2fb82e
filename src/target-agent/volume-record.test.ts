import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { volumeIdOf, type ClusterId } from "../domain/identity.ts";
import { parseNodeId } from "../domain/node-id.ts";
import { parseRecord, serializeRecord, type VolumeRecord } from "./volume-record.ts";

const cluster = "c" as ClusterId;
const node = parseNodeId(`v1.${"0".repeat(16)}.7f000000-1111-4222-8333-444455556666.${"A".repeat(43)}`);
assert.ok(node);
const record: VolumeRecord = {
  schema: 4,
  layer: "file",
  id: volumeIdOf(cluster, "a"),
  cluster,
  name: "pvc-1 “ü”",
  size: 2n ** 46n,
  state: "ready",
  createdAt: "2026-01-01T00:00:00.000Z",
  backing: { inode: 2n ** 63n + 1n, birthNs: 1_767_225_600_123_456_789n },
  content: { state: "present", type: "ext4", uuid: "7f000000-1111-4222-8333-444455556666" },
  lossSeenAt: "2026-02-03T04:05:06.789Z",
  growingTo: 2n ** 46n,
  source: { kind: "volume", id: volumeIdOf(cluster, "b") },
  multiWriter: "block",
  blankSizes: [335_544_320n, 2n ** 46n],
  lastEpoch: 7,
  publications: [{ epoch: 7, node: node.id, access: "read-write", sharing: "writers" }],
  revoking: [{ epoch: 6, node: node.id, access: "read-only" }],
};
const minimal: VolumeRecord = {
  schema: 4,
  layer: "file",
  id: record.id,
  cluster,
  name: "a",
  size: 335_544_320n,
  state: "creating",
  createdAt: record.createdAt,
  content: { state: "blank" },
  blankSizes: [],
  lastEpoch: 0,
  publications: [],
  revoking: [],
};
const wire = JSON.parse(serializeRecord(record)) as Readonly<Record<string, unknown>>;
const refusal = (message: RegExp) => ({ kind: "precondition", message });

describe("the record of a volume", () => {
  it("is read back as it was written, sizes and inodes exact", () => {
    for (const written of [record, minimal]) assert.deepEqual(parseRecord("r.json", serializeRecord(written)), written);
  });

  it("is read from older schemas, which had no several holders or no deleted volumes, and written as schema 4", () => {
    const { multiWriter: _one, ...alone } = record;
    const held = { ...alone, publications: [{ epoch: 7, node: node.id, access: "read-write" }] };
    for (const schema of [1, 2]) {
      assert.deepEqual(parseRecord("r.json", serializeRecord({ ...held, schema })), { ...held, schema: 4 });
    }
    assert.deepEqual(parseRecord("r.json", serializeRecord({ ...record, schema: 3 })), record);
  });

  it("of a deleted volume says when that was", () => {
    const deleted = { ...minimal, state: "deleted", deletedAt: "2026-02-03T04:05:06.789Z" } as const;
    assert.deepEqual(parseRecord("r.json", serializeRecord(deleted)), deleted);
  });

  it("is refused from a newer schema, with both versions named, before anything else is looked at", () => {
    const newer = JSON.stringify({ schema: 5, everything: "else differs" });
    assert.throws(() => parseRecord("/pool/r.json", newer), refusal(/\/pool\/r\.json: .*schema 4 .*got 5/));
  });

  const bad: Readonly<Record<string, unknown>> = {
    "an unknown key": { ...wire, extra: 1 },
    "an unknown key further in": { ...wire, content: { state: "blank", type: "ext4" } },
    "no schema": { ...wire, schema: undefined },
    "an older schema that never was": { ...wire, schema: 0 },
    "an id that is a path": { ...wire, id: "../../etc/passwd" },
    "a size as a number": { ...wire, size: 335_544_320 },
    "a negative size": { ...wire, size: "-1" },
    "an unknown state": { ...wire, state: "gone" },
    "no time of its deletion": { ...wire, state: "deleted" },
    "an unknown content": { ...wire, content: { state: "maybe" } },
    "no content": { ...wire, content: undefined },
    "an epoch of 0": { ...wire, publications: [{ epoch: 0, node: node.id, access: "read-write" }] },
    "a holder that is no node id": { ...wire, publications: [{ epoch: 1, node: "worker-1", access: "read-write" }] },
    "an unknown sharing": { ...wire, publications: [{ epoch: 1, node: node.id, access: "read-only", sharing: "all" }] },
    "another number of writers": { ...wire, multiWriter: "filesystem" },
    "an unknown access": { ...wire, revoking: [{ epoch: 1, node: node.id, access: "admin" }] },
    "no revocations": { ...wire, revoking: undefined },
    "a time that is none": { ...wire, createdAt: "yesterday" },
    "a list": [],
    nothing: null,
  };
  for (const [what, value] of Object.entries(bad)) {
    it(`is refused with ${what}, naming the file`, () => {
      assert.throws(() => parseRecord("/pool/r.json", JSON.stringify(value)), refusal(/\/pool\/r\.json/));
    });
  }

  it("is refused when it is no JSON", () => {
    for (const text of ["", "{", serializeRecord(record).slice(0, 100)]) {
      assert.throws(() => parseRecord("/pool/r.json", text), refusal(/\/pool\/r\.json: it must be JSON/));
    }
  });
});
