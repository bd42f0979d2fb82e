/** What the benchmark measures: always two things side by side, round by round. */

/** One round: what is measured, and what it is compared with, both in the unit of their figure. */
export interface Round {
  readonly measured: number;
  readonly reference: number;
}

export type Goal =
  /** The ratio is at most, or at least, so much. */
  | { readonly kind: "ratio at most"; readonly limit: number }
  | { readonly kind: "ratio at least"; readonly limit: number }
  /** The ratio is 1, as far as the rounds can tell. */
  | { readonly kind: "equal" }
  /** Whatever the reference: the measured value itself is at most so much. */
  | { readonly kind: "value at most"; readonly limit: number };

export interface Figure {
  /** Together with `name` it says what is measured; docs/performance.md explains each. */
  readonly family: string;
  readonly name: string;
  /** What it is compared with, in few words. */
  readonly against: string;
  readonly unit: "ms" | "µs" | "MiB" | "volumes/min";
  readonly rounds: readonly Round[];
  readonly goal?: Goal;
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly signal: AbortSignal;
}

/** One of the works that are compared; returns what each step of it took. */
export type Sample = (round: number) => Promise<readonly number[]>;

/**
 * Runs all works once in each round; the answer has, for each work, its steps of each round. Which of them comes first
 * changes from round to round, so that a machine that gets slower or faster favours none. A round before the first warms
 * all of them up and does not count.
 */
export async function inTurns(
  { rounds, signal }: RoundsOptions,
  works: readonly Sample[],
): Promise<readonly (readonly (readonly number[])[])[]> {
  const results = works.map((): (readonly number[])[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < works.length; turn += 1) {
      signal.throwIfAborted();
      const index = (round + turn) % works.length;
      const steps = await works[index]?.(round);
      if (round > 0) results[index]?.push(steps ?? []);
    }
  }
  return results;
}

/** The rounds of each step of two works that do the same. */
export async function interleave(
  options: RoundsOptions,
  works: { readonly measured: Sample; readonly reference: Sample },
): Promise<readonly (readonly Round[])[]> {
  const [measured = [], reference = []] = await inTurns(options, [works.measured, works.reference]);
  const steps = measured[0]?.keys() ?? [];
  return [...steps].map((step) => paired(atStep(measured, step), atStep(reference, step)));
}

function atStep(rounds: readonly (readonly number[])[], step: number): readonly number[] {
  return rounds.map((steps) => steps[step] ?? Number.NaN);
}

export function paired(measured: readonly number[], reference: readonly number[]): readonly Round[] {
  return measured.map((value, index) => ({ measured: value, reference: reference[index] ?? Number.NaN }));
}

/** For works of a single step. */
export async function interleaveOne(
  options: RoundsOptions,
  works: Readonly<Record<"measured" | "reference", (round: number) => Promise<number>>>,
): Promise<readonly Round[]> {
  const [rounds = []] = await interleave(options, {
    measured: async (round) => [await works.measured(round)],
    reference: async (round) => [await works.reference(round)],
  });
  return rounds;
}
