/** A node:test reporter that writes the counts of a run as JSON; for scripts/gate.ts. */
import type { TestEvent } from "node:test/reporters";
import type { Tally } from "./tally.ts";

export default async function* tallyReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let [passed, failed] = [0, 0];
  const skipped: string[] = [];
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    // Suites and files are groups of tests; a file counts only when it failed without any test of its own.
    if (data.details.type === "suite") continue;
    if (type === "test:fail") failed += 1;
    else if (data.skip !== undefined || data.todo !== undefined)
      skipped.push(`${data.name}: ${data.skip ?? data.todo}`);
    else passed += 1;
  }
  const tally: Tally = { passed, failed, skipped };
  yield JSON.stringify(tally);
}
