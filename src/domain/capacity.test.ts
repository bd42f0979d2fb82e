import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { chooseGrowth, chooseSize, largestWithin, roundUpToStep, satisfies, type CapacityRange } from "./capacity.ts";
import { DomainError } from "./errors.ts";

// The rules once more, as numbers: DESIGN 4.
const step = 4n * 1024n * 1024n;
const smallest = 320n * 1024n * 1024n;
const largest = 64n * 1024n ** 4n;
const usual = 1024n ** 3n;

const bytes = fc.oneof(
  fc.bigInt(0n, 2n * smallest),
  fc.bigInt(0n, 2n * largest),
  fc.bigInt(-2n, 2n).map((offset) => smallest + offset),
  fc.bigInt(-2n, 2n).map((offset) => largest + offset),
  fc.tuple(fc.bigInt(0n, 1000n), fc.bigInt(-1n, 1n)).map(([count, offset]) => count * step + smallest + offset),
);
const ranges = fc.record({ required: bytes, limit: bytes }, { requiredKeys: [] });

/** Sizes that a volume can have. */
const sizes = fc.oneof(
  fc.bigInt(0n, 2n * (usual / step)).map((count) => smallest + count * step),
  fc.bigInt(0n, (largest - smallest) / step).map((count) => smallest + count * step),
  fc.constantFrom(smallest, usual, largest),
);
/** Ranges that do not contradict themselves, most of them about one size. */
const rangesAbout = (size: bigint) => {
  const near = fc.bigInt(-3n * step, 3n * step).map((offset) => size + offset);
  const either = fc.oneof(near, fc.constantFrom(0n, size, size - step, size + step), bytes);
  const about = fc.record({ required: either, limit: either }, { requiredKeys: [] });
  return fc.oneof(about, ranges).filter(({ required = 0n, limit = 0n }) => limit === 0n || required <= limit);
};
const sizesWithRanges = sizes.chain((size) => fc.record({ size: fc.constant(size), range: rangesAbout(size) }));

/** The smallest size of the rule from `least` on that lies in the range, found without the code under test. */
function smallestFitting({ required = 0n, limit = 0n }: CapacityRange, least = smallest): bigint | undefined {
  let size = least;
  if (required > size) size = required % step === 0n ? required : required - (required % step) + step;
  return size > largest || (limit > 0n && size > limit) ? undefined : size;
}

function outcome(range: CapacityRange, source?: bigint): bigint | string {
  return outcomeOf(() => chooseSize(range, source));
}

function outcomeOf(choose: () => bigint): bigint | string {
  try {
    return choose();
  } catch (error) {
    assert.ok(error instanceof DomainError);
    return error.kind;
  }
}

describe("the size of a new volume", () => {
  it("is a multiple of 4 MiB from 320 MiB to 64 TiB inside the range, or out_of_range when there is none", () => {
    fc.assert(
      fc.property(ranges, (range) => {
        const { required = 0n, limit = 0n } = range;
        fc.pre(limit === 0n || required <= limit);
        const size = outcome(range);
        if (typeof size === "string") {
          assert.equal(size, "out_of_range");
          assert.equal(smallestFitting(range), undefined);
          return;
        }
        assert.equal(size % step, 0n);
        assert.ok(size >= smallest && size <= largest);
        assert.ok(size >= required && (limit === 0n || size <= limit));
      }),
      { numRuns: 2000 },
    );
  });

  it("is the smallest that holds what is required", () => {
    fc.assert(
      fc.property(ranges, (range) => {
        fc.pre((range.required ?? 0n) > 0n && (range.limit ?? 0n) >= 0n);
        fc.pre((range.limit ?? 0n) === 0n || (range.required ?? 0n) <= (range.limit ?? 0n));
        const size = outcome(range);
        if (typeof size === "bigint") assert.equal(size, smallestFitting(range));
      }),
      { numRuns: 2000 },
    );
  });

  it("is 1 GiB when nothing is required, or the largest below it that the limit admits", () => {
    assert.equal(chooseSize({}), usual);
    assert.equal(chooseSize({ required: 0n, limit: 0n }), usual);
    assert.equal(chooseSize({ limit: usual }), usual);
    assert.equal(chooseSize({ limit: 2n * usual }), usual);
    assert.equal(chooseSize({ limit: usual - 1n }), usual - step);
    assert.equal(chooseSize({ limit: smallest + 1n }), smallest);
    assert.equal(chooseSize({ limit: smallest }), smallest);
  });

  it("is refused beyond the largest, below the smallest, and for a range upside down", () => {
    assert.equal(outcome({ limit: smallest - 1n }), "out_of_range");
    assert.equal(outcome({ required: largest }), largest);
    assert.equal(outcome({ required: largest + 1n }), "out_of_range");
    assert.equal(outcome({ required: smallest + 1n, limit: smallest + step - 1n }), "out_of_range");
    assert.equal(outcome({ required: 2n * usual, limit: usual }), "invalid_argument");
    assert.equal(outcome({ required: -1n }), "invalid_argument");
    assert.equal(outcome({ limit: -1n }), "invalid_argument");
  });

  it("is refused with the field that is wrong, the rule and the value", () => {
    const refusals = [
      [{ required: -1n }, /capacity_range\.required_bytes must not be negative; got -1$/],
      [{ limit: -1n }, /capacity_range\.limit_bytes must not be negative; got -1$/],
      [{ required: 2n, limit: 1n }, /capacity_range\.required_bytes must not exceed limit_bytes; got .*"2".*"1"/],
      [{ required: largest + 1n }, /capacity_range\.required_bytes must not exceed 70368744177664, .*; got .*665"/],
      [{ limit: 1n }, /capacity_range\.limit_bytes must admit a multiple of 4194304 from 335544320 on; got .*"1"/],
    ] as const;
    for (const [range, message] of refusals) assert.throws(() => chooseSize(range), { message });
  });
});

describe("the size of a copy", () => {
  it("is the smallest of the rule that holds its source and what is required, or out_of_range when there is none", () => {
    fc.assert(
      fc.property(sizesWithRanges, ({ size: source, range }) => {
        assert.equal(outcome(range, source), smallestFitting(range, source) ?? "out_of_range");
      }),
      { numRuns: 2000 },
    );
  });

  it("is that of its source when no more is required, also where that is not the usual size", () => {
    for (const source of [smallest, smallest + step, usual, 2n * usual, largest]) {
      for (const range of [{}, { required: 1n }, { required: source }, { limit: source }, { limit: largest }]) {
        assert.equal(chooseSize(range, source), source);
      }
    }
  });

  it("is found again by a repeat, which does not ask the source any more", () => {
    fc.assert(
      fc.property(sizesWithRanges, ({ size: source, range }) => {
        const size = outcome(range, source);
        if (typeof size === "string") return;
        assert.ok(satisfies(size, range));
        assert.equal(typeof outcome(range), "bigint", "a range that admits a copy admits a volume");
      }),
      { numRuns: 2000 },
    );
  });

  it("is refused below its source, with the field, the rule and the value", () => {
    const message =
      /capacity_range\.limit_bytes must be at least 1073741824, the size of the source; got .*"1073741823"/;
    assert.throws(() => chooseSize({ limit: usual - 1n }, usual), { kind: "out_of_range", message });
    assert.equal(outcome({ required: largest + 1n }, usual), "out_of_range");
    assert.equal(outcome({ required: usual + 1n, limit: usual + step - 1n }, usual), "out_of_range");
    assert.equal(outcome({ required: 2n * usual, limit: usual }, usual), "invalid_argument");
    assert.equal(outcome({ required: -1n }, usual), "invalid_argument");
    assert.equal(outcome({ limit: -1n }, usual), "invalid_argument");
  });
});

describe("the size that a volume grows to", () => {
  const grown = (range: CapacityRange, present: bigint) => outcomeOf(() => chooseGrowth(range, present));

  it("is the present one or the smallest of the rule that holds what is required, inside the range", () => {
    fc.assert(
      fc.property(sizesWithRanges, ({ size: present, range }) => {
        assert.equal(grown(range, present), smallestFitting(range, present) ?? "out_of_range");
      }),
      { numRuns: 2000 },
    );
  });

  it("is never smaller than the present one, and the same when the call is repeated", () => {
    fc.assert(
      fc.property(sizesWithRanges, ({ size: present, range }) => {
        const size = grown(range, present);
        if (typeof size === "string") return;
        assert.ok(size >= present && satisfies(size, range));
        assert.equal(grown(range, size), size);
      }),
      { numRuns: 2000 },
    );
  });

  it("is exactly what is asked for where that is a multiple of 4 MiB", () => {
    fc.assert(
      fc.property(sizes, sizes, (one, other) => {
        const [present, wanted] = one < other ? [one, other] : [other, one];
        assert.equal(chooseGrowth({ required: wanted }, present), wanted);
        assert.equal(chooseGrowth({ required: wanted, limit: wanted }, present), wanted);
      }),
    );
  });

  it("is the present one when nothing is required", () => {
    for (const present of [smallest, usual, largest]) {
      for (const range of [
        {},
        { required: 0n, limit: 0n },
        { limit: present },
        { required: present, limit: present },
      ]) {
        assert.equal(chooseGrowth(range, present), present);
      }
    }
  });

  it("is refused with the field that is wrong, the rule and the value", () => {
    const refusals = [
      [
        { limit: usual - 1n },
        "out_of_range",
        /limit_bytes must be at least 1073741824, the present size: a volume never shrinks; got .*"1073741823"/,
      ],
      [{ required: smallest, limit: smallest }, "out_of_range", /never shrinks; got .*"335544320"/],
      [{ required: usual + 1n, limit: usual + 2n }, "out_of_range", /limit_bytes must admit a multiple of 4194304/],
      [{ required: largest + 1n }, "out_of_range", /required_bytes must not exceed 70368744177664, .*; got .*665"/],
      [{ required: 2n * usual, limit: usual }, "invalid_argument", /required_bytes must not exceed limit_bytes; got /],
      [{ required: -1n }, "invalid_argument", /required_bytes must not be negative; got -1$/],
      [{ limit: -1n }, "invalid_argument", /limit_bytes must not be negative; got -1$/],
    ] as const;
    for (const [range, kind, message] of refusals) {
      assert.throws(() => chooseGrowth(range, usual), { kind, message });
    }
  });
});

describe("an existing volume", () => {
  it("satisfies a range that its size lies in", () => {
    fc.assert(
      fc.property(ranges, (range) => {
        const size = outcome(range);
        if (typeof size === "bigint") assert.ok(satisfies(size, range), "a repeated create finds its volume");
      }),
    );
    assert.ok(!satisfies(usual, { required: usual + 1n }));
    assert.ok(!satisfies(usual, { limit: usual - 1n }));
    assert.ok(satisfies(usual, {}));
  });
});

describe("the largest volume within a space", () => {
  it("has a size of the rule, fits, and leaves less than a step", () => {
    fc.assert(
      fc.property(bytes, (space) => {
        const size = largestWithin(space);
        if (size === 0n) {
          assert.ok(space < smallest);
          return;
        }
        assert.ok(size % step === 0n && size >= smallest && size <= largest && size <= space);
        assert.ok(space - size < step || size === largest);
      }),
    );
  });
});

describe("rounding up", () => {
  it("changes only what is no multiple", () => {
    fc.assert(
      fc.property(bytes, (size) => {
        const rounded = roundUpToStep(size);
        assert.ok(rounded % step === 0n && rounded >= size && rounded - size < step);
      }),
    );
  });
});
