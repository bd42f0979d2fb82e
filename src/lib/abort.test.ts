import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { untilAborted } from "./abort.ts";

describe("waiting with a signal", () => {
  it("gives the result of the work, or its failure", async () => {
    const { signal } = new AbortController();
    assert.equal(await untilAborted(Promise.resolve(1), signal), 1);
    await assert.rejects(untilAborted(Promise.reject(new Error("failed")), signal), /failed/);
    assert.equal(getEventListeners(signal, "abort").length, 0, "no listener is left");
  });

  it("ends with the signal's reason while the work goes on", async () => {
    const controller = new AbortController();
    const { promise, resolve } = Promise.withResolvers<string>();
    const waiting = untilAborted(promise, controller.signal);
    controller.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
    resolve("done");
    assert.equal(await promise, "done");
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  });

  it("does not wait at all when the signal has fired before", async () => {
    const work = new Promise<never>(() => undefined);
    await assert.rejects(untilAborted(work, AbortSignal.abort(new Error("over"))), /over/);
  });

  it("leaves no unhandled failure behind when the work fails after the end of the wait", async () => {
    for (const early of [true, false]) {
      const controller = new AbortController();
      if (early) controller.abort(new Error("over"));
      const { promise, reject } = Promise.withResolvers<string>();
      const waiting = untilAborted(promise, controller.signal);
      controller.abort(new Error("over"));
      await assert.rejects(waiting, /over/);
      reject(new Error("late"));
      // An unhandled rejection would fail this test.
      await turn();
    }
  });
});
