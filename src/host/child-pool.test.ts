/** The pool with real children. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { ChildPool, type ChildPoolOptions } from "./child-pool.ts";
import type { Ask, RunningConversation } from "./converse.ts";
import type { ChildRequest } from "./direct-io-child.ts";
import { readRegions, startChild } from "./direct-io.ts";

const signal = () => AbortSignal.timeout(20_000);
const file = { kind: "file" } as const;

describe("children for direct I/O", () => {
  const directory = mkdtempSync(join(tmpdir(), "child-pool-"));
  const path = join(directory, "device");
  const fifo = join(directory, "fifo");
  let pool: ChildPool;
  let started: RunningConversation[];
  const open = (options: Partial<ChildPoolOptions> = {}) => {
    started = [];
    const start = () => {
      const child = startChild();
      started.push(child);
      return child;
    };
    pool = new ChildPool({ start, ...options });
  };

  before(() => {
    writeFileSync(path, Buffer.alloc(4096));
    execFileSync("mkfifo", [fifo]);
  });
  afterEach(async () => {
    await pool[Symbol.asyncDispose]();
    // Also those that a fault in the pool has left behind.
    await Promise.allSettled(started.map(async ({ ask }) => ask("", AbortSignal.abort())));
    await Promise.all(started.map(({ ended }) => ended));
  });
  after(() => rmSync(directory, { recursive: true }));

  const put = async (ask: Ask, request: ChildRequest, until = signal()) => {
    const { stdout, stderr } = await ask(JSON.stringify(request), until);
    assert.notEqual(stdout, "", stderr);
    return JSON.parse(stdout) as { readonly ok: boolean; readonly code?: string; readonly stdout?: string };
  };
  const run = async (ask: Ask, script: string, until?: AbortSignal) =>
    put(ask, { op: "run", file: "sh", args: ["-c", script] }, until);
  const pidOf = async (ask: Ask) => Number((await run(ask, "echo $PPID")).stdout);
  const hold = async (ask: Ask) => put(ask, { op: "hold", path, expect: file });
  const holds = (pid: number) =>
    readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === path);
  it("serve one question after the other, and then a conversation", async () => {
    open();
    const pid = await pidOf(pool.ask);
    assert.equal(await pidOf(pool.ask), pid);
    const { ask, end } = await pool.talk(signal());
    assert.equal(await pidOf(ask), pid);
    end();
    assert.equal(started.length, 1);
  });

  it("have nothing open of what the user before held", async () => {
    open({ most: 1, patienceMs: 60_000 });
    const { ask, end } = await pool.talk(signal());
    assert.deepEqual(await hold(ask), { ok: true });
    const pid = await pidOf(ask);
    assert.ok(holds(pid), "it is held until then");
    end();
    const next = await pool.talk(signal());
    assert.equal(await pidOf(next.ask), pid);
    assert.ok(!holds(pid));
    assert.deepEqual(await hold(next.ask), { ok: true }, "another device can be held");
    next.end();
  });

  it("hold one device at a time, and none that was not the right one", async () => {
    open();
    const { ask, end } = await pool.talk(signal());
    const wrong = { op: "hold", path, expect: { kind: "block", major: 259, minor: 1 } } as const;
    assert.equal((await put(ask, wrong)).code, "WRONG_DEVICE");
    assert.ok(!holds(await pidOf(ask)));
    assert.deepEqual(await hold(ask), { ok: true });
    assert.equal((await hold(ask)).code, "HOLDING");
    end();
  });

  it("are never asked by two users at once", async () => {
    open({ most: 3 });
    await pidOf(pool.ask);
    const [first, second] = [await pool.talk(signal()), await pool.talk(signal())];
    const pids = await Promise.all([pidOf(first.ask), pidOf(second.ask), pidOf(pool.ask)]);
    assert.equal(new Set(pids).size, 3);
    first.end();
    second.end();
  });

  it("keep nobody waiting for long when all of them hang", async () => {
    open({ most: 2, patienceMs: 1 });
    const stop = new AbortController();
    // Opening a pipe that nobody writes to blocks, as a dead device does.
    const request = { path: fifo, exclusive: false, regions: [] };
    const hung = [1, 2].map(async () => readRegions(pool.ask, request, { signal: stop.signal }));
    assert.deepEqual(await readRegions(pool.ask, { path, exclusive: false, regions: [] }, { signal: signal() }), {
      kind: "read",
      blocks: [],
    });
    stop.abort(new Error("enough"));
    for (const one of hung) await assert.rejects(one, { message: "enough" });
    await Promise.all(started.slice(0, 2).map(({ ended }) => ended));
  });

  it("are not used again after a question that was cut short", async () => {
    open();
    const { ask, end } = await pool.talk(signal());
    const pid = await pidOf(ask);
    const stop = new AbortController();
    const running = run(ask, "while :; do sleep 0.05; done", stop.signal);
    stop.abort(new Error("enough"));
    await assert.rejects(running, { message: "enough" });
    end();
    await started[0]?.ended;
    assert.notEqual(await pidOf(pool.ask), pid);
  });

  it("are not ended by a request that is over before it asks", async () => {
    open();
    const pid = await pidOf(pool.ask);
    await assert.rejects(
      pidOf((question) => pool.ask(question, AbortSignal.abort(new Error("late")))),
      {
        message: "late",
      },
    );
    assert.equal(await pidOf(pool.ask), pid);
  });

  it("cannot be asked by a user whose conversation is over", async () => {
    open();
    const { ask, end } = await pool.talk(signal());
    await pidOf(ask);
    end();
    await assert.rejects(ask("{}", signal()), { message: /^BUG: .*another user/ });
    await assert.rejects(pidOf(ask), { message: /^BUG/ });
  });

  it("finish what they do when they are told to end meanwhile", async () => {
    open();
    const { ask, end } = await pool.talk(signal());
    const pid = await pidOf(ask);
    const work = run(ask, "sleep 0.3; echo done");
    end();
    assert.notEqual(await pidOf(pool.ask), pid);
    assert.equal((await work).stdout, "done");
  });

  it("are replaced when the idle one has died", async () => {
    open();
    const pid = await pidOf(pool.ask);
    process.kill(pid, "SIGKILL");
    await started[0]?.ended;
    await setImmediate();
    assert.notEqual(await pidOf(pool.ask), pid);
  });

  it("answer for all writes at once, so that none still blocks when they serve somebody else", async () => {
    open();
    const gone = "/nowhere/at/all";
    const writes = [
      { path: fifo, text: "1", expect: [] },
      { path: directory, text: "1", expect: [] },
      { path: gone, text: "1", expect: [] },
    ];
    const answer = put(pool.ask, { op: "write", writes });
    // Time enough for an answer that does not wait.
    await run(pool.ask, "sleep 0.5");
    assert.equal(await Promise.race([answer, Promise.resolve("still asked")]), "still asked");
    assert.equal(readFileSync(fifo, "utf8"), "1");
    assert.equal((await answer).code, "EISDIR");
  });

  it("end with the pool, and those in use with their users", async () => {
    open();
    const { ask, end } = await pool.talk(signal());
    const idle = await pidOf(pool.ask);
    await pidOf(ask);
    await pool[Symbol.asyncDispose]();
    assert.throws(() => process.kill(idle, 0), { code: "ESRCH" });
    await pidOf(ask);
    end();
    await Promise.all(started.map(({ ended }) => ended));
  });
});
