import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blockSize, decodeBlock, encodeBlock } from "./block-ledger/block.ts";
import { placeOf } from "./block-ledger/place.ts";

const written = { volume: "nvmet/v1-0123456789abcdef0123456789abcdef", number: 7, sequence: 300 };

describe("a block of a ledger", () => {
  it("says whose it is, where it belongs and which write it comes from", () => {
    const block = encodeBlock(written);
    assert.equal(block.length, blockSize);
    assert.deepEqual(decodeBlock(block), written);
  });

  it("is torn when any byte differs, and blank when it was never written", () => {
    for (const at of [0, 70, 100, blockSize - 1]) {
      const block = encodeBlock(written);
      block.writeUInt8(block.readUInt8(at) ^ 1, at);
      assert.equal(decodeBlock(block), "torn", `byte ${at}`);
    }
    assert.equal(decodeBlock(Buffer.alloc(blockSize)), "blank");
  });

  it("goes to every place in the end", () => {
    const places = new Set(Array.from({ length: 2000 }, (_, index) => placeOf(index + 1, 100)));
    assert.equal(places.size, 100);
  });
});
