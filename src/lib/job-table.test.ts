import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { JobTable } from "./job-table.ts";

const never = () => new AbortController().signal;

describe("a job", () => {
  it("outlives the request that started it, and a later one waits for it", async () => {
    const jobs = new JobTable();
    const { promise: work, resolve } = Promise.withResolvers<string>();
    const request = new AbortController();
    const first = jobs.run("v", async () => work, request.signal);
    request.abort(new Error("the deadline"));
    await assert.rejects(first, /the deadline/);
    let waited = false;
    const second = jobs.settled("v", never()).then(() => (waited = true));
    await turn();
    assert.equal(waited, false, "the job still runs");
    resolve("done");
    await second;
    assert.equal(await jobs.run("v", async () => Promise.resolve("again"), never()), "again");
  });

  it("never runs twice under one key", async () => {
    const jobs = new JobTable();
    const { promise: work, resolve } = Promise.withResolvers<string>();
    const first = jobs.run("v", async () => work, never());
    let started = false;
    const second = jobs.run(
      "v",
      async () => {
        started = true;
        return Promise.resolve("second");
      },
      never(),
    );
    await assert.rejects(second, /v is running/);
    assert.equal(started, false);
    resolve("first");
    assert.equal(await first, "first");
  });

  it("tells its failure to the request that waits, and to nobody else", async () => {
    const jobs = new JobTable();
    const { promise: work, reject } = Promise.withResolvers<string>();
    const first = jobs.run("v", async () => work, never());
    const second = jobs.settled("v", never());
    reject(new Error("mkfs failed"));
    await assert.rejects(first, /mkfs failed/);
    await second;
    await jobs.settled("v", never());
  });

  it("whose request has left does not bring the process down when it fails", async () => {
    const jobs = new JobTable();
    const { promise: work, reject } = Promise.withResolvers<string>();
    const request = new AbortController();
    const first = jobs.run("v", async () => work, request.signal);
    request.abort(new Error("the deadline"));
    await assert.rejects(first, /the deadline/);
    reject(new Error("mkfs failed"));
    // An unhandled rejection would fail this test.
    await turn();
    await jobs.settled("v", never());
  });

  it("is not waited for longer than the signal allows", async () => {
    const jobs = new JobTable();
    const { promise: work, resolve } = Promise.withResolvers<undefined>();
    const first = jobs.run("v", async () => work, never());
    const waiting = new AbortController();
    const second = jobs.settled("v", waiting.signal);
    waiting.abort(new Error("enough"));
    await assert.rejects(second, /enough/);
    resolve(undefined);
    await first;
  });

  it("under another key does not keep anybody", async () => {
    const jobs = new JobTable();
    const { promise: work, resolve } = Promise.withResolvers<undefined>();
    const first = jobs.run("v", async () => work, never());
    await jobs.settled("w", never());
    resolve(undefined);
    await first;
  });

  it("does not start for a request that is over", async () => {
    const jobs = new JobTable();
    let started = false;
    const work = async () => {
      started = true;
      return Promise.resolve();
    };
    await assert.rejects(jobs.run("v", work, AbortSignal.abort(new Error("over"))), /over/);
    assert.equal(started, false);
  });

  it("is over before what is to be done afterwards, and that is done at once without one", async () => {
    const jobs = new JobTable();
    const done: string[] = [];
    jobs.afterwards("v", () => done.push("at once"));
    const { promise: work, reject } = Promise.withResolvers<undefined>();
    const first = jobs.run("v", async () => work, never());
    jobs.afterwards("v", () => done.push("later"));
    assert.deepEqual(done, ["at once"]);
    reject(new Error("it failed"));
    await assert.rejects(first);
    await jobs.settled("v", never());
    assert.deepEqual(done, ["at once", "later"]);
  });
});
