import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { poll } from "./clock.ts";

const signal = () => AbortSignal.timeout(10_000);

describe("a poll", () => {
  it("gives the first answer, and waits longer each time: half of what it took already, and 200 ms at most", async () => {
    const waits: number[] = [];
    const pause = async (ms: number) => Promise.resolve(void waits.push(ms));
    const answer = async () => Promise.resolve(waits.length === 20 ? "yes" : undefined);
    assert.equal(await poll(answer, signal(), { pause }), "yes");
    let before = 10;
    for (const ms of waits) {
      assert.ok(ms <= before / 2 + 1 && ms <= 200, waits.join(" "));
      before += ms;
    }
    assert.equal(waits.at(-1), 200);
  });

  it("asks at once when there is news, good or bad, and then often again", async () => {
    for (const settle of ["resolve", "reject"] as const) {
      const news = Promise.withResolvers<undefined>();
      const waits: number[] = [];
      const pause = async (ms: number) => {
        waits.push(ms);
        if (waits.length === 10) await Promise.withResolvers<never>().promise;
      };
      const answer = async () => Promise.resolve(waits.length === 12 ? "yes" : undefined);
      const polled = poll(answer, signal(), { news: news.promise, pause });
      while (waits.length < 10) await setImmediate();
      news[settle](undefined);
      assert.equal(await polled, "yes");
      assert.ok((waits[9] ?? 0) > 50 && (waits[10] ?? Infinity) < (waits[0] ?? 0), waits.join(" "));
    }
  });

  it("ends with its signal", async () => {
    const never = async () => Promise.resolve(undefined);
    await assert.rejects(poll(never, AbortSignal.abort(new Error("late"))), { message: "late" });
    const stop = new AbortController();
    const polled = poll(never, stop.signal, { news: Promise.resolve() });
    stop.abort(new Error("enough"));
    await assert.rejects(polled, { message: "enough" });
  });
});
