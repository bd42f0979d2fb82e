import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { interleave, interleaveOne, type Figure, type Goal } from "./figure.ts";
import { judge, median, quantile, summarize } from "./statistics.ts";

const signal = new AbortController().signal;

function figureOf(ratios: readonly number[], goal?: Goal): Figure {
  const rounds = ratios.map((ratio) => ({ measured: ratio * 10, reference: 10 }));
  return { family: "f", name: "n", against: "a", unit: "ms", rounds, ...(goal !== undefined && { goal }) };
}

describe("a quantile", () => {
  it("lies between two values in proportion, whatever their order", () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.equal(quantile([40, 10, 20, 30, 50], 0.25), 20);
    assert.equal(quantile([10, 20], 0.75), 17.5);
    assert.equal(median([7]), 7);
  });

  it("of nothing is a mistake", () => {
    assert.throws(() => median([]), /at least one value/);
  });
});

describe("a summary", () => {
  it("compares within each round, so that a slow round changes no ratio", () => {
    const { ratio, spread } = summarize([
      { measured: 12, reference: 10 },
      { measured: 120, reference: 100 },
      { measured: 6, reference: 5 },
    ]);
    assert.deepEqual([ratio, ...spread], [1.2, 1.2, 1.2]);
  });

  it("has the medians of both sides, and the middle half of the ratios", () => {
    const { measured, reference, ratio, spread } = summarize(figureOf([1, 2, 3, 4, 100]).rounds);
    assert.deepEqual([measured, reference, ratio, spread], [30, 10, 3, [2, 4]]);
  });
});

describe("a goal", () => {
  it("is judged by the median of the ratios", () => {
    assert.equal(judge(figureOf([1, 1.1, 9], { kind: "ratio at most", limit: 1.1 })), "met");
    assert.equal(judge(figureOf([1, 1.11, 1.2], { kind: "ratio at most", limit: 1.1 })), "missed");
    assert.equal(judge(figureOf([0.1, 0.9, 1], { kind: "ratio at least", limit: 0.9 })), "met");
    assert.equal(judge(figureOf([0.1, 0.8, 1], { kind: "ratio at least", limit: 0.9 })), "missed");
  });

  it("of equality holds when the spread contains 1", () => {
    assert.equal(judge(figureOf([0.9, 0.98, 1.05, 1.1, 1.2], { kind: "equal" })), "met");
    assert.equal(judge(figureOf([1.1, 1.2, 1.3], { kind: "equal" })), "missed");
    assert.equal(judge(figureOf([0.7, 0.8, 0.9], { kind: "equal" })), "missed");
  });

  it("may be about the value alone", () => {
    assert.equal(judge(figureOf([3, 3, 3], { kind: "value at most", limit: 30 })), "met");
    assert.equal(judge(figureOf([3, 3, 3], { kind: "value at most", limit: 29 })), "missed");
    assert.equal(judge(figureOf([3])), "no goal");
  });
});

describe("interleaved rounds", () => {
  it("change who comes first, and leave out the one that warms up", async () => {
    const order: string[] = [];
    const sample = (name: string) => async (round: number) => {
      order.push(`${name}${round}`);
      return await Promise.resolve(round);
    };
    const rounds = await interleaveOne({ rounds: 2, signal }, { measured: sample("m"), reference: sample("r") });
    assert.deepEqual(order, ["m0", "r0", "r1", "m1", "m2", "r2"]);
    assert.deepEqual(rounds, [
      { measured: 1, reference: 1 },
      { measured: 2, reference: 2 },
    ]);
  });

  it("keep the steps of a work apart", async () => {
    const works = {
      measured: async (round: number) => Promise.resolve([round, round * 10]),
      reference: async (round: number) => Promise.resolve([round + 5, round]),
    };
    assert.deepEqual(await interleave({ rounds: 2, signal }, works), [
      [
        { measured: 1, reference: 6 },
        { measured: 2, reference: 7 },
      ],
      [
        { measured: 10, reference: 1 },
        { measured: 20, reference: 2 },
      ],
    ]);
  });

  it("end with the signal", async () => {
    const sample = async () => Promise.resolve(1);
    const works = { measured: sample, reference: sample };
    await assert.rejects(interleaveOne({ rounds: 2, signal: AbortSignal.abort() }, works), { name: "AbortError" });
  });
});
