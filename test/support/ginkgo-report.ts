/**
 * Reads ginkgo's JSON report and counts its specs. A skip needs an entry in the caller's list, and an entry needs a skip:
 * such lists only shrink.
 */
import * as z from "zod";
import type { Tally } from "./tally.ts";

const reports = z.array(
  z.object({
    SpecReports: z.array(
      z.object({
        ContainerHierarchyTexts: z.array(z.string()).nullable(),
        LeafNodeText: z.string(),
        LeafNodeType: z.string(),
        State: z.string(),
        Failure: z.object({ Message: z.string() }).optional(),
      }),
    ),
  }),
);

export interface Spec {
  /** All texts from the outermost container to the spec, with spaces in between. */
  readonly name: string;
  /** `passed`, `skipped`, `pending`, `failed`, `timedout`, … */
  readonly state: string;
  /** Why it was skipped or failed, as the suite says it. */
  readonly message: string;
}

export function readSpecs(report: string): readonly Spec[] {
  return reports
    .parse(JSON.parse(report))
    .flatMap((suite) => suite.SpecReports)
    .filter((spec) => spec.LeafNodeType === "It")
    .map((spec) => ({
      name: [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(" "),
      state: spec.State,
      message: spec.Failure?.Message ?? "",
    }));
}

/** Which specs may be skipped, and why. */
export interface AllowedSkips<Entry> {
  readonly entries: readonly Entry[];
  readonly find: (name: string) => Entry | undefined;
  readonly reason: (entry: Entry) => string;
  /** The entry, in words. */
  readonly show: (entry: Entry) => string;
}

/** Counts; `what` goes before the reason of each skip. What is wrong is printed. */
export function judgeSpecs<Entry>(specs: readonly Spec[], allowed: AllowedSkips<Entry>, what: string): Tally {
  const used = new Set<Entry>();
  const skipped: string[] = [];
  const wrong: string[] = [];
  let passed = 0;
  for (const { name, state, message } of specs) {
    if (state === "passed") {
      passed += 1;
    } else if (state !== "skipped" && state !== "pending") {
      wrong.push(`${state}: ${name}: ${message}`);
    } else {
      const entry = allowed.find(name);
      if (entry === undefined) {
        wrong.push(`not on the list of allowed skips: ${name}: ${message || state}`);
      } else {
        used.add(entry);
        skipped.push(`${what}: ${name}: ${allowed.reason(entry)}`);
      }
    }
  }
  const unused = allowed.entries.filter((entry) => !used.has(entry));
  wrong.push(...unused.map((entry) => `on the list of allowed skips, but not skipped: ${allowed.show(entry)}`));
  for (const line of wrong) console.log(line);
  return { passed, failed: wrong.length, skipped };
}
