/**
 * The tests of the format gate's tests: each situation that the driver refuses ends in harm when the guard is taken out
 * that it is there for. Where two guards stand before the same harm, each is shown to be enough. Only `npm run rounds` plays it.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { census } from "../support/census.ts";
import { buildMutant } from "../support/mutant.ts";
import { openBench, type GateBench } from "./format-gate/bench.ts";
import { guards } from "./format-gate/guards.ts";

const limitMs = 30 * 60 * 1000;

describe("a driver that lacks a guard of the format gate", { timeout: limitMs }, () => {
  let bench: GateBench;
  let mutants: ReadonlyMap<string, string>;

  before(async () => {
    const built = guards.map(async ({ name, without, alsoWithout }) => {
      const mutations = alsoWithout === undefined ? [without] : [without, alsoWithout];
      return [name, await buildMutant(...mutations)] as const;
    });
    mutants = new Map(await Promise.all(built));
    bench = await openBench(AbortSignal.timeout(limitMs));
  });
  after(async () => bench[Symbol.asyncDispose]());

  for (const { name, harm = {}, caught = {} } of guards) {
    describe(`without ${name}`, () => {
      before(async () => {
        await bench.guest.stop();
        await bench.guest.start(mutants.get(name));
      });
      for (const [situation, play] of Object.entries(harm)) {
        it(`the driver writes over ${situation}`, async () => {
          const { touched, code, message } = await play(bench);
          assert.equal(touched, true, `nothing was written; the driver said ${code} ${message}`);
        });
      }
      for (const [situation, [play, reason]] of Object.entries(caught)) {
        it(`a second guard keeps the driver away from ${situation}`, async () => {
          const { touched, message } = await play(bench);
          assert.match(message, reason);
          assert.equal(touched, false);
        });
      }
    });
  }

  it("leaves nothing behind", async () => {
    assert.equal(await bench.guest.stop(), 0);
    assert.deepEqual(await census(bench.machine), []);
  });
});
