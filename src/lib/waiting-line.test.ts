import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { WaitingLine } from "./waiting-line.ts";

const never = new AbortController().signal;

function open<T>(make: () => T, patienceMs = 60_000, isMaking = () => false): WaitingLine<T> {
  return new WaitingLine({ make, patienceMs, isMaking });
}

describe("a waiting line", () => {
  it("gives what came back to the first", async () => {
    const line = open(() => "made");
    const [first, second] = [line.wait(never), line.wait(never)];
    assert.ok(line.passOn("a"));
    assert.ok(line.passOn("b"));
    assert.ok(!line.passOn("c"), "nobody wants it");
    assert.deepEqual(await Promise.all([first, second]), ["a", "b"]);
  });

  it("makes nothing when nobody waits", () => {
    const make = () => assert.fail("nobody needs it");
    open(make).makeOne();
  });

  it("gives nothing to whose signal has fired, also before they know", async () => {
    const line = open(() => "made");
    const stop = new AbortController();
    const late = line.wait(stop.signal);
    stop.abort(new Error("late"));
    assert.ok(!line.passOn("a"));
    await assert.rejects(late, { message: "late" });
    await assert.rejects(line.wait(stop.signal), { message: "late" });
    assert.ok(!line.passOn("a"), "who comes late does not wait");
  });

  it("keeps what was given when the signal fires after that", async () => {
    const line = open(() => "made");
    const stop = new AbortController();
    const given = line.wait(stop.signal);
    assert.ok(line.passOn("a"));
    stop.abort(new Error("late"));
    assert.equal(await given, "a");
  });

  it("has another one made after each while in which nothing came back", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    let made = 0;
    const line = open(() => (made += 1), 10);
    const all = [line.wait(never), line.wait(never), line.wait(never)];
    t.mock.timers.tick(9);
    line.passOn(0);
    t.mock.timers.tick(9);
    assert.equal(made, 0);
    t.mock.timers.tick(1);
    assert.equal(made, 1);
    t.mock.timers.tick(10);
    assert.deepEqual(await Promise.all(all), [0, 1, 2]);
    t.mock.timers.tick(100);
    assert.equal(made, 2, "nobody waits any more");
  });

  it("has more patience while one is being made", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    let [made, isMaking] = [0, true];
    const line = open(
      () => (made += 1),
      10,
      () => isMaking,
    );
    const all = [line.wait(never), line.wait(never)];
    for (let count = 1; count < 10; count += 1) t.mock.timers.tick(10);
    assert.equal(made, 0);
    t.mock.timers.tick(10);
    assert.equal(made, 1);
    isMaking = false;
    t.mock.timers.tick(10);
    assert.deepEqual(await Promise.all(all), [1, 2]);
  });
});
