/**
 * What is said of the rounds of a figure.
 *
 * 1. The ratio is taken within each round and then judged over all rounds: what slows down a whole round cancels out.
 * 2. The spread is the middle half of the rounds (first to third quartile): one odd round does not widen it.
 */
import type { Figure, Goal, Round } from "./figure.ts";

export interface Summary {
  readonly measured: number;
  readonly reference: number;
  readonly ratio: number;
  /** The middle half of the ratios. */
  readonly spread: readonly [number, number];
}

export type Verdict = "met" | "missed" | "no goal";

/** The value below which a share of the values lies, between two of them in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (below === undefined || above === undefined) throw new Error("a quantile needs at least one value");
  return below + (above - below) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function summarize(rounds: readonly Round[]): Summary {
  const ratios = rounds.map(({ measured, reference }) => measured / reference);
  return {
    measured: median(rounds.map((round) => round.measured)),
    reference: median(rounds.map((round) => round.reference)),
    ratio: median(ratios),
    spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
  };
}

export function judge({ goal, rounds }: Figure): Verdict {
  if (goal === undefined) return "no goal";
  return holds(goal, summarize(rounds)) ? "met" : "missed";
}

function holds(goal: Goal, { measured, ratio, spread: [low, high] }: Summary): boolean {
  switch (goal.kind) {
    case "ratio at most":
      return ratio <= goal.limit;
    case "ratio at least":
      return ratio >= goal.limit;
    case "equal":
      return low <= 1 && high >= 1;
    case "value at most":
      return measured <= goal.limit;
  }
}
