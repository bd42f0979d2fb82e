import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GiB, MiB, TiB } from "./capacity.ts";
import { gateRegions, type Region } from "./gate-regions.ts";

const size = fc.bigInt({ min: 1n, max: (64n * TiB) / 4096n }).map((units) => units * 4096n);
const blankSizes = fc.array(size, { maxLength: 4 });

function covers(regions: readonly Region[], offset: bigint): boolean {
  return regions.some((region) => region.offset <= offset && offset < region.offset + BigInt(region.length));
}

/** Named by hand, not by the formula under test: dumpe2fs and xfs_db print these. */
const wellKnown: readonly (readonly [string, bigint])[] = [
  ["the primary superblock of ext4", 1024n],
  ["the backup of group 1, 1 KiB blocks", 8193n * 1024n],
  ["the backup of group 3, 1 KiB blocks", 24577n * 1024n],
  ["the backup of group 5, 1 KiB blocks", 40961n * 1024n],
  ["the backup of group 7, 1 KiB blocks", 57345n * 1024n],
  ["the backup of group 9, 1 KiB blocks", 73729n * 1024n],
  ["the backup of group 1, 2 KiB blocks", 16384n * 2048n],
  ["the backup of group 1, 4 KiB blocks", 32768n * 4096n],
  ["the backup of group 3, 4 KiB blocks", 98304n * 4096n],
  ["the backup of group 5, 4 KiB blocks", 163840n * 4096n],
  ["the backup of group 7, 4 KiB blocks", 229376n * 4096n],
  ["the backup of group 25, 4 KiB blocks", 819200n * 4096n],
  ["the backup of group 49, 4 KiB blocks", 1605632n * 4096n],
  ["the backup of group 2401, 4 KiB blocks", 78675968n * 4096n],
  ["the first btrfs mirror", 65536n],
  ["the second btrfs mirror", 64n * MiB],
  ["the third btrfs mirror", 256n * GiB],
];

describe("the regions of the format gate", () => {
  it("lie inside the device, are aligned, sorted, apart from each other and not empty", () => {
    fc.assert(
      fc.property(size, blankSizes, (now, before) => {
        let end = -1n;
        for (const { offset, length } of gateRegions(now, before)) {
          assert.equal(offset % 4096n, 0n);
          assert.equal(length % 4096, 0);
          assert.ok(length > 0);
          assert.ok(offset > end, "a region touches the one before it");
          end = offset + BigInt(length);
        }
        assert.ok(end <= now);
      }),
    );
  });

  it("cover every well-known place that the device has", () => {
    fc.assert(
      fc.property(size, blankSizes, (now, before) => {
        const regions = gateRegions(now, before);
        for (const [name, offset] of wellKnown) assert.equal(covers(regions, offset) || offset >= now, true, name);
      }),
    );
  });

  it("cover both ends and the xfs groups of every size that the device had", () => {
    fc.assert(
      fc.property(size, blankSizes, (now, before) => {
        const regions = gateRegions(now, before);
        for (const end of [now, ...before]) {
          const places = [0n, 2n * MiB - 1n, end - 1n, end - MiB, end - 3n * MiB, end - 4n * MiB, end / 4n, end / 2n];
          for (const place of places) {
            if (place >= 0n && place < now) assert.ok(covers(regions, place), `${place} of ${end}`);
          }
        }
      }),
    );
  });

  it("leave the rest of the device alone", () => {
    const total = gateRegions(64n * TiB, [GiB]).reduce((sum, { length }) => sum + length, 0);
    assert.ok(total < 12 * 1024 * 1024, `${total} bytes to read`);
    assert.equal(covers(gateRegions(GiB, []), 3n * MiB), false);
  });

  it("refuse a size that direct reads cannot cover", () => {
    assert.throws(() => gateRegions(4097n, []), /cannot list the regions.*multiple of 4096.*got "?4097/);
    assert.throws(() => gateRegions(0n, []), /positive/);
  });
});
