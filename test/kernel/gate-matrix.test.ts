/**
 * Every device that a stage may meet, against what must become of it: what is on it, what is wrong with it, what it is
 * asked for and what the target says of it. A long round plays all of them; for any other run SEED picks a few.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Content as SeenContent } from "../../src/domain/model.ts";
import { isLongRound } from "../support/long-round.ts";
import { numbersOf } from "../support/seeded-numbers.ts";
import { MatrixBench, type Answer } from "./gate-matrix/bench.ts";
import { contentNames, damageNames } from "./gate-matrix/device-states.ts";
import { expectedOf, records, requests, type Cell, type Outcome } from "./gate-matrix/expected.ts";

const limitMs = 3 * 60 * 60 * 1000;
/** The same for every change, so that a failure is the change's. */
const seed = Number(process.env["SEED"] ?? 3);
/** How many devices are played for every change. */
const few = 1;

function cellsOf(content: Cell["content"], damage: Cell["damage"]): readonly Cell[] {
  return requests.flatMap((request) => records.map((record) => ({ content, damage, request, record })));
}

function seenBy({ content, record }: Cell): SeenContent | undefined {
  if (record === "none") return undefined;
  return record === "blank" ? { state: "blank" } : { state: "present", type: content === "zero" ? "ext4" : content };
}

function assertOutcome(cell: Cell, answer: Answer, expected: Outcome): void {
  const what = `${cell.content}, ${cell.damage}, as ${cell.request}, record ${cell.record}: ${answer.code} ${answer.message}`;
  switch (expected.kind) {
    case "formatted":
    case "mounted":
      assert.deepEqual([answer.code, answer.mounted], ["OK", cell.request], what);
      return;
    case "connected":
      assert.deepEqual([answer.code, answer.mounted, answer.isTouched], ["OK", "", false], what);
      return;
    case "refused":
      assert.equal(answer.code, expected.code, what);
      assert.match(answer.message, expected.reason, what);
      assert.ok(!answer.isTouched || expected.mayNote === true, `${what}: it was written to`);
  }
}

describe(`the matrix of the format gate (SEED=${seed})`, { timeout: limitMs }, () => {
  let bench: MatrixBench;
  const devices = contentNames.flatMap((content) => damageNames.map((damage) => ({ content, damage })));
  const picked = new Set<number>();
  for (const number of numbersOf(seed)) {
    if (picked.size === few) break;
    picked.add(Math.floor(number * devices.length));
  }
  const played = isLongRound ? devices : devices.filter((_device, index) => picked.has(index));

  before(async () => void (bench = await MatrixBench.open(AbortSignal.timeout(limitMs))));
  after(async () => bench[Symbol.asyncDispose]());

  for (const { content, damage } of played) {
    it(`${content}, ${damage}: becomes what the table says for every request and record`, async () => {
      await bench.serve(content, damage);
      const wrong: string[] = [];
      for (const cell of cellsOf(content, damage)) {
        const answer = await bench.stage(cell.request, damage, seenBy(cell));
        try {
          assertOutcome(cell, answer, expectedOf(cell));
        } catch (error) {
          wrong.push(error instanceof Error ? error.message : String(error));
        }
      }
      await bench.withdraw();
      assert.deepEqual(wrong, []);
    });
  }
});
