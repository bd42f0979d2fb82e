import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encodeIntent, intentLength, intentOffset, readIntent, type FormatIntent } from "./format-intent.ts";
import { volumeIdOf, type ClusterId } from "./identity.ts";

const cluster = "test" as ClusterId;
const volume = volumeIdOf(cluster, "one");
const other = volumeIdOf(cluster, "other");
const intent: FormatIntent = { volume, type: "xfs", node: "node-1", time: "2026-11-21T15:00:00.000Z" };

describe("a format intent", () => {
  it("is read back as what was written, for its own volume", () => {
    const block = encodeIntent(intent);
    assert.equal(block.length, intentLength);
    assert.deepEqual(readIntent(block, volume), { kind: "valid", intent });
  });

  it("is foreign data on another volume", () => {
    assert.deepEqual(readIntent(encodeIntent(intent), other), { kind: "foreign", at: 0 });
  });

  it("is absent where all is zero", () => {
    assert.deepEqual(readIntent(Buffer.alloc(intentLength), volume), { kind: "absent" });
  });

  it("is void when any one byte differs", () => {
    fc.assert(
      fc.property(fc.nat(intentLength - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const block = encodeIntent(intent);
        block[at] = (block[at] ?? 0) ^ flip;
        assert.equal(readIntent(block, volume).kind, "foreign");
      }),
      { numRuns: 5_000 },
    );
  });

  it("is never seen in other data, and never throws", () => {
    const anything = fc.uint8Array({ minLength: intentLength, maxLength: intentLength });
    fc.assert(fc.property(anything, (bytes) => readIntent(Buffer.from(bytes), volume).kind !== "valid"));
  });

  it("takes the longest names of nodes", () => {
    const long = { ...intent, node: "n".repeat(253) };
    assert.deepEqual(readIntent(encodeIntent(long), volume), { kind: "valid", intent: long });
  });

  it("lies 3 MiB before the end", () => {
    assert.equal(intentOffset(2n ** 30n), 2n ** 30n - 3n * 2n ** 20n);
  });
});
