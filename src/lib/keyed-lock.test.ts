import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { InFlight, KeyedMutex } from "./keyed-lock.ts";

const never = new AbortController().signal;

/** Runs tasks at once and tells how many were inside together at most. */
async function crowd(keys: readonly string[], enter: (key: string, task: () => Promise<void>) => Promise<void>) {
  let inside = 0;
  let most = 0;
  const task = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await turn();
    inside -= 1;
  };
  await Promise.all(keys.map(async (key) => enter(key, task)));
  return most;
}

describe("the keyed mutex", () => {
  it("lets one task of a key run at a time", async () => {
    const mutex = new KeyedMutex();
    assert.equal(await crowd(["a", "a", "a"], async (key, task) => mutex.run(key, never, task)), 1);
    assert.equal(await crowd(["a", "a", "a"], async (_key, task) => task()), 3, "without it they run together");
  });

  it("lets other keys pass", async () => {
    const mutex = new KeyedMutex();
    assert.equal(await crowd(["a", "b", "c"], async (key, task) => mutex.run(key, never, task)), 3);
  });

  it("serves a key in the order of arrival, and returns what the task returned", async () => {
    const mutex = new KeyedMutex();
    const order: number[] = [];
    const results = await Promise.all(
      [3, 1, 2].map(async (value) =>
        mutex.run("a", never, async () => {
          await turn();
          order.push(value);
          return value * 10;
        }),
      ),
    );
    assert.deepEqual(order, [3, 1, 2]);
    assert.deepEqual(results, [30, 10, 20]);
  });

  it("goes on after a task that failed, also one that threw at once", async () => {
    const mutex = new KeyedMutex();
    const first = mutex.run("a", never, async () => Promise.reject(new Error("failed")));
    const second = mutex.run("a", never, () => {
      throw new Error("threw");
    });
    const third = mutex.run("a", never, async () => Promise.resolve("served"));
    await assert.rejects(first, /failed/);
    await assert.rejects(second, /threw/);
    assert.equal(await third, "served");
  });

  it("does not wait for a key that is taken, where it is asked not to (L3)", async () => {
    const mutex = new KeyedMutex();
    const { promise: held, resolve: free } = Promise.withResolvers<undefined>();
    const first = mutex.run("a", never, async () => held);
    let started = false;
    const start = async () => {
      started = true;
      return Promise.resolve("done");
    };
    assert.equal(await mutex.runIfFree("a", never, start), undefined);
    assert.equal(started, false);
    assert.equal(await mutex.runIfFree("b", never, start), "done");
    free(undefined);
    await first;
    await turn();
    assert.equal(await mutex.runIfFree("a", never, start), "done");
  });

  it("lets a waiter go when its signal fires, without its task, and keeps the order of the others", async () => {
    const mutex = new KeyedMutex();
    const { promise: held, resolve: free } = Promise.withResolvers<undefined>();
    const order: string[] = [];
    const first = mutex.run("a", never, async () => held);
    const leaving = new AbortController();
    const second = mutex.run("a", leaving.signal, async () => Promise.resolve(order.push("second")));
    const third = mutex.run("a", never, async () => Promise.resolve(order.push("third")));
    leaving.abort(new Error("left"));
    await assert.rejects(second, /left/);
    await turn();
    assert.deepEqual(order, [], "the third still waits for the first");
    free(undefined);
    await Promise.all([first, third]);
    assert.deepEqual(order, ["third"]);
  });
});

describe("the in-flight table", () => {
  it("gives a key to one holder, and again when it was let go", () => {
    const table = new InFlight();
    {
      using held = table.tryAcquire("a");
      assert.ok(held);
      assert.equal(table.tryAcquire("a"), undefined);
      using other = table.tryAcquire("b");
      assert.ok(other);
    }
    using again = table.tryAcquire("a");
    assert.ok(again);
  });

  it("is let go when the holder throws", () => {
    const table = new InFlight();
    assert.throws(() => {
      using held = table.tryAcquire("a");
      assert.ok(held);
      throw new Error("failed");
    }, /failed/);
    using again = table.tryAcquire("a");
    assert.ok(again);
  });

  it("is not let go a second time by an old handle", () => {
    const table = new InFlight();
    const first = table.tryAcquire("a");
    assert.ok(first);
    first[Symbol.dispose]();
    using second = table.tryAcquire("a");
    assert.ok(second);
    first[Symbol.dispose]();
    assert.equal(table.tryAcquire("a"), undefined, "the second holder still has it");
  });
});
