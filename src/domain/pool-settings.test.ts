import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePools, placeOf } from "./pool-settings.ts";

const file = { layer: "file", path: "/pool" };
const thin = { layer: "lvm-thin", volumeGroup: "vg0", thinPool: "thin" };

function poolsOf(value: unknown) {
  const parsed = parsePools(value);
  assert.ok("pools" in parsed, JSON.stringify(parsed));
  return parsed.pools;
}

describe("the pools of a target", () => {
  it("are named, and promise no more than they hold unless they say so", () => {
    const pools = poolsOf(
      JSON.stringify({
        slow: file,
        fast: {
          ...thin,
          overcommitPercent: 150,
          watermarkPercent: 80,
          deletionGraceMinutes: 60,
          topology: { zone: "a" },
        },
      }),
    );
    assert.deepEqual(pools, [
      { name: "slow", ...file, overcommitPercent: 100, watermarkPercent: 100, deletionGraceMinutes: 0, topology: {} },
      {
        ...{ name: "fast", ...thin, overcommitPercent: 150, watermarkPercent: 80 },
        ...{ deletionGraceMinutes: 60, topology: { zone: "a" } },
      },
    ]);
    assert.deepEqual(pools.map(placeOf), ["/pool", "vg0/thin"]);
  });

  it("of LVM keep some metadata free", () => {
    assert.equal(poolsOf({ fast: thin })[0]?.watermarkPercent, 95);
  });

  for (const [what, value, says] of [
    ["no JSON", "{", /^must be JSON$/],
    ["no object", "[]", /must be an object/],
    ["no pool", {}, /must name a pool/],
    ["a name with capitals", { Fast: file }, /is wrong at Fast: a name is 1 to 63 of a-z/],
    ["a name that ends with -", { "fast-": file }, /is wrong at fast-/],
    ["a layer that there is not", { fast: { layer: "zfs" } }, /is wrong at fast.layer: must be file or lvm-thin/],
    ["a relative path", { fast: { ...file, path: "pool" } }, /is wrong at fast.path: must be an absolute path/],
    ["no path", { fast: { layer: "file" } }, /is wrong at fast.path: must be a text/],
    ["an unknown key", { fast: { ...file, size: 1 } }, /is wrong at fast: .*size/],
    ["a group that is an option", { fast: { ...thin, volumeGroup: "-y" } }, /is wrong at fast.volumeGroup/],
    ["a thin pool with a /", { fast: { ...thin, thinPool: "a/b" } }, /is wrong at fast.thinPool/],
    ["less than all", { fast: { ...file, overcommitPercent: 99 } }, /whole number from 100 to 10000/],
    [
      "segments that are no labels",
      { fast: { ...file, topology: { zone: "" } } },
      /is wrong at fast.topology: must name/,
    ],
    ["a grace of more than a year", { fast: { ...file, deletionGraceMinutes: 527_041 } }, /number from 0 to 527040/],
    ["half a percent", { fast: { ...file, watermarkPercent: 0.5 } }, /whole number from 1 to 100/],
    ["one place under two names", { a: file, b: file }, /must not name \/pool twice/],
  ] as const) {
    it(`are refused with ${what}`, () => {
      const parsed = parsePools(value);
      assert.match("wrong" in parsed ? parsed.wrong : "accepted", says);
    });
  }
});
