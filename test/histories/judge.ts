/** Whether a step came to what it must come to, and how it reads in the log of a history. */
import { fault } from "./fault.ts";
import type { Expected } from "./predict.ts";
import type { Step } from "./steps.ts";

export function textOf(step: Step): string {
  return JSON.stringify(step, (_key, value: unknown) => (typeof value === "bigint" ? Number(value) : value));
}

/** What is broken when a step is done that must be refused, or the other way round. */
const promises: Partial<Record<Step["do"], string>> = {
  ...{ publish: "I4", write: "I2 or I4", expand: "I12", stage: "I1, I4 or I5", create: "I7", delete: "I6" },
};

export function assertExpected(
  step: Step,
  { outcome, expected }: { readonly outcome: Expected; readonly expected: Expected },
  more: string,
): void {
  if (expected === "either" || outcome === expected) return;
  throw fault(promises[step.do] ?? "I5", `${step.do} must be ${expected} and was ${outcome}; ${more}`);
}
