/** Counts of tests, added up over everything a run does. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** Reason by test name. */
  readonly skipped: readonly string[];
}

export const noTests: Tally = { passed: 0, failed: 0, skipped: [] };

export function add(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: [...a.skipped, ...b.skipped] };
}

/** The one plain line that ends a run: `N passed, N failed[, N skipped]`. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  const rest = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
  return `${passed} passed, ${failed} failed${rest}`;
}
