/** The pool with children that a test plays: how many there are, and who waits for one. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { PlayedChildren } from "../../test/support/played-children.ts";
import { ChildPool, type ChildPoolOptions } from "./child-pool.ts";

const never = new AbortController().signal;

/** `tick` lets time pass, and all happen that does then. */
function play(t: TestContext, options: Partial<ChildPoolOptions> = {}, children = new PlayedChildren()) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const pool = new ChildPool({ start: children.start, most: 4, patienceMs: 1000, ...options });
  const tick = async (milliseconds = 0) => {
    t.mock.timers.tick(milliseconds);
    await setImmediate();
  };
  const ask = (words: string, signal = never) => {
    const work = pool.ask(words, signal);
    work.catch(() => undefined);
    return work;
  };
  const answer = async (words: string) => {
    children.answer(words);
    await tick();
  };
  return { children, pool, tick, ask, answer };
}

describe("a few children", () => {
  it("serve a burst of many in order of arrival", async (t) => {
    const { children, tick, ask, answer } = play(t);
    const all = Array.from({ length: 32 }, (_, index) => `question-${index}`);
    const work = Promise.all(all.map(async (words) => ask(words)));
    await tick();
    assert.equal(children.log.length, 4, "nobody else is asked yet");
    for (const words of all) await answer(words);
    await work;
    assert.equal(children.started, 4);
    assert.deepEqual(
      children.log.map((line) => line.slice("1 < ".length)),
      all,
    );
  });

  it("are more while all hang, one after each while of patience", async (t) => {
    const { children, tick, ask } = play(t, { most: 2 });
    for (const words of ["a", "b", "c", "d"]) void ask(words);
    await tick(999);
    assert.deepEqual(children.log, ["1 < a", "2 < b"]);
    await tick(1);
    assert.deepEqual(children.log.slice(2), ["3 < c"]);
    await tick(999);
    assert.equal(children.started, 3);
    await tick(1);
    assert.deepEqual(children.log.slice(3), ["4 < d"]);
  });

  it("are no more while one comes back in time", async (t) => {
    const { children, tick, ask, answer } = play(t, { most: 2 });
    for (const words of ["hangs", "a", "b", "c"]) void ask(words);
    for (const words of ["a", "b", "c"]) {
      await tick(999);
      await answer(words);
    }
    assert.deepEqual(children.log, ["1 < hangs", "2 < a", "2 < b", "2 < c"]);
  });

  it("are no more while one is still starting, unless it takes very long", async (t) => {
    const { children, tick, ask } = play(t, { most: 1 }, new PlayedChildren({ isSlow: true }));
    for (const words of ["a", "b", "c"]) void ask(words);
    for (let second = 1; second < 10; second += 1) await tick(1000);
    assert.equal(children.started, 1);
    await tick(1000);
    assert.equal(children.started, 2);
    children.rise();
    await tick(999);
    assert.equal(children.started, 2);
    await tick(1);
    assert.equal(children.started, 3);
  });

  it("become few again with the users of the others", async (t) => {
    const { children, tick, ask, answer } = play(t, { most: 1 });
    for (const words of ["a", "b", "c"]) void ask(words);
    await tick();
    await tick(1000);
    await answer("b");
    assert.deepEqual(children.log, ["1 < a", "2 < b", "2 < c"], "it serves whoever waits");
    await answer("c");
    assert.deepEqual(children.log.slice(3), ["2 ends"]);
    await answer("a");
    assert.equal(children.log.length, 4, "the first one is idle");
  });

  it("do not get another user when they cannot be trusted, and make room for others", async (t) => {
    const { children, tick, ask } = play(t, { most: 2 });
    const stop = new AbortController();
    void ask("a", stop.signal);
    for (const words of ["b", "c", "d"]) void ask(words);
    await tick(600);
    stop.abort(new Error("enough"));
    await tick();
    assert.deepEqual(children.log.slice(2), ["1 ends", "3 < c"]);
    await tick(400);
    assert.deepEqual(children.log.slice(4), ["4 < d"], "none has come back");
  });

  it("make room for others when they die", async (t) => {
    const { children, tick, ask } = play(t, { most: 1 });
    void ask("a");
    void ask("b");
    await tick();
    children.die(1);
    await tick();
    assert.deepEqual(children.log, ["1 < a", "1 ends", "2 < b"]);
  });

  it("are not there for whoever has stopped waiting", async (t) => {
    const { children, tick, ask, answer } = play(t, { most: 1 });
    void ask("a");
    const stop = new AbortController();
    const late = ask("b", stop.signal);
    await tick(500);
    stop.abort(new Error("late"));
    await assert.rejects(late, { message: "late" });
    await tick(1000);
    assert.deepEqual(children.log, ["1 < a"]);
    await answer("a");
    void ask("c");
    await tick();
    assert.deepEqual(children.log, ["1 < a", "1 < c"]);
  });

  it("start ahead of need, unless one is idle or there are enough", async (t) => {
    const { children, pool, ask, tick } = play(t, { most: 2 });
    pool.prepare();
    pool.prepare();
    assert.equal(children.started, 1);
    void ask("a");
    await tick();
    assert.deepEqual(children.log, ["1 < a"]);
    void ask("b");
    await tick();
    pool.prepare();
    assert.equal(children.started, 2);
  });

  it("end when nobody uses them, the last one after a longer while", async (t) => {
    const { children, tick, ask, answer } = play(t);
    const all = ["a", "b", "c"];
    for (const words of all) void ask(words);
    await tick();
    for (const words of all) await answer(words);
    await tick(9999);
    assert.deepEqual(children.log.slice(3), []);
    await tick(1);
    assert.deepEqual(children.log.slice(3), ["2 ends", "3 ends"]);
    await tick(5 * 60_000);
    assert.deepEqual(children.log.slice(5), ["1 ends"]);
    void ask("d");
    await tick();
    assert.deepEqual(children.log.slice(6), ["4 < d"]);
  });

  it("end with the pool, and those in use with the last who waits", async (t) => {
    const { children, pool, tick, ask, answer } = play(t, { most: 2 });
    for (const words of ["a", "b"]) void ask(words);
    await tick();
    await answer("b");
    const end = pool[Symbol.asyncDispose]();
    children.die(2);
    await end;
    assert.deepEqual(children.log.slice(2), ["2 ends", "2 ends"]);
    for (const words of ["c", "d"]) void ask(words);
    await tick();
    for (const words of ["a", "c", "d"]) await answer(words);
    assert.deepEqual(
      new Set(children.log.filter((line) => line.endsWith("ends"))),
      new Set(["1 ends", "2 ends", "3 ends"]),
    );
  });
});
