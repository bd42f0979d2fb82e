/**
 * Random histories of calls on two nodes, with kills and losses, against a model of what a caller may believe. SEED repeats a
 * round.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isLongRound } from "../support/long-round.ts";
import { Play, type Tally } from "./play.ts";
import { history } from "./steps.ts";

const histories = isLongRound ? 40_000 : 2000;
const seed = Number(process.env["SEED"] ?? Math.trunc(Math.random() * 2 ** 31));

describe("histories of calls", () => {
  it("break no promise", async (t) => {
    t.diagnostic(`${histories} histories, SEED=${seed}`);
    const tally: Tally = new Map();
    const property = fc.asyncProperty(history, async (commands) => new Play(tally).run(commands));
    await fc.assert(property, { seed, numRuns: histories });
    const counts = [...tally].map(([what, count]) => `${what} ${count}`);
    t.diagnostic(counts.toSorted().join(", "));
    assert.ok(true);
  });
});
