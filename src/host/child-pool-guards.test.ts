/** The test of the tests of the pool: each of them fails for a pool, a line or a child without one of its guards. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { bundleMutant, type Mutation } from "../../test/support/mutant.ts";
import { exec } from "./exec.ts";

const pool = "src/host/child-pool.ts";
const line = "src/lib/waiting-line.ts";
const pooled = "src/host/pooled-child.ts";
const child = "src/host/direct-io-child.ts";

/** Without each of them the test fails that bears the name of the harm. */
type Guard = Mutation & { readonly harm: string };

/** How many there are, and who waits for one. */
const ofLimit: readonly Guard[] = [
  {
    name: "pool-unlimited",
    file: pool,
    replace: "return this.#hasRoom ? this.#fresh() : await this.#line.wait(signal);",
    by: "return this.#fresh();",
    harm: "serve a burst of many in order of arrival",
  },
  {
    ...{ name: "line-unfair", file: line, replace: "[first] = this.#waiters", by: "first = [...this.#waiters].at(-1)" },
    harm: "serve a burst of many in order of arrival",
  },
  {
    ...{ name: "line-starves", file: line, replace: "      this.makeOne();\n", by: "" },
    harm: "are more while all hang, one after each while of patience",
  },
  {
    name: "line-starves-later",
    file: line,
    replace: "this.makeOne();\n      if (this.#waiters.size > 0) this.#bePatient();",
    by: "this.makeOne();",
    harm: "are more while all hang, one after each while of patience",
  },
  {
    name: "line-impatient",
    file: line,
    replace: "if (this.#waiters.size > 0) this.#bePatient();\n    return isWanted;",
    by: "return isWanted;",
    harm: "are no more while one comes back in time",
  },
  {
    ...{ name: "line-hasty", file: line, replace: "this.#isMaking() && ", by: "0 > 1 && " },
    harm: "are no more while one is still starting, unless it takes very long",
  },
  {
    ...{
      name: "line-too-patient",
      file: line,
      replace: "this.#isMaking() && times < timesLonger",
      by: "this.#isMaking()",
    },
    harm: "are no more while one is still starting, unless it takes very long",
  },
  {
    ...{ name: "line-keeps-all", file: line, replace: "this.#remove(resolve);\n", by: "" },
    harm: "are not there for whoever has stopped waiting",
  },
  {
    ...{ name: "pool-hoards", file: pool, replace: " || this.#all.size > this.#options.most", by: "" },
    harm: "become few again with the users of the others",
  },
  {
    name: "pool-passes-spoilt",
    file: pool,
    replace: "if (!child.isSound) this.#drop(child);\n    else if (this.#line.passOn(child)) return;",
    by: "if (this.#line.passOn(child)) return;\n    else if (!child.isSound) this.#drop(child);",
    harm: "do not get another user when they cannot be trusted, and make room for others",
  },
  {
    ...{
      name: "pool-takes-new-for-back",
      file: pool,
      replace: "this.#line.makeOne()",
      by: "this.#line.passOn(this.#fresh())",
    },
    harm: "do not get another user when they cannot be trusted, and make room for others",
  },
  {
    ...{ name: "pool-counts-dead", file: pool, replace: "    this.#all.delete(child);\n", by: "" },
    harm: "make room for others when they die",
  },
  {
    ...{ name: "pool-leaves-room", file: pool, replace: "if (this.#hasRoom) this.#line.makeOne();", by: "" },
    harm: "make room for others when they die",
  },
  {
    ...{ name: "pool-prepares-all", file: pool, replace: "=== 0 && this.#hasRoom", by: "=== 0" },
    harm: "start ahead of need, unless one is idle or there are enough",
  },
  {
    ...{ name: "pool-keeps-all", file: pool, replace: "=== 0 ? idleMs : spareMs", by: "=== 0 ? idleMs : idleMs" },
    harm: "end when nobody uses them, the last one after a longer while",
  },
  {
    ...{ name: "pool-keeps-none", file: pool, replace: "=== 0 ? idleMs : spareMs", by: "=== 0 ? spareMs : spareMs" },
    harm: "end when nobody uses them, the last one after a longer while",
  },
  {
    ...{ name: "pool-outlives", file: pool, replace: "if (this.#isClosed || ", by: "if (" },
    harm: "end with the pool, and those in use with the last who waits",
  },
];

/** Whom it does not trust. */
const ofTrust: readonly Guard[] = [
  {
    ...{ name: "pool-trusts", file: pooled, replace: "return !this.#isSpoilt && !this.#isOpen;", by: "return true;" },
    harm: "is ended after words that are no answer",
  },
  {
    name: "pool-keeps-cut",
    file: pooled,
    replace: "    // Until there is an answer.\n    this.#isSpoilt = true;\n",
    by: "",
    harm: "is ended after a question that was cut short",
  },
  {
    ...{ name: "pool-keeps-late", file: pooled, replace: "wasSpoilt || signal.aborted", by: "wasSpoilt" },
    harm: "is ended when its user was cut short as it answered",
  },
  {
    ...{ name: "pool-resists", file: pooled, replace: "wasSpoilt || signal.aborted", by: "signal.aborted" },
    harm: "is never used again once it was",
  },
  {
    ...{ name: "pool-unnumbered", file: pooled, replace: "said !== `${number} `", by: 'said === ""' },
    harm: "is ended after an answer to another question, which counts as none",
  },
];

/** With real children. */
const ofReal: readonly Guard[] = [
  {
    ...{ name: "pool-shares", file: pool, replace: "this.#idle.pop()", by: "this.#idle.at(-1)" },
    harm: "are never asked by two users at once",
  },
  {
    ...{ name: "line-hangs", file: line, replace: "      this.makeOne();\n", by: "" },
    harm: "keep nobody waiting for long when all of them hang",
  },
  {
    ...{ name: "pool-holds-on", file: pool, replace: "if (child.isSound) await child.letGo(", by: "void (" },
    harm: "have nothing open of what the user before held",
  },
  {
    ...{ name: "pool-late-user", file: pool, replace: "if (isOver) throw new", by: "if (isOver) void new" },
    harm: "cannot be asked by a user whose conversation is over",
  },
  {
    ...{ name: "pool-idles-dead", file: pool, replace: "if (index !== -1)", by: "if (index === -2)" },
    harm: "are replaced when the idle one has died",
  },
  {
    ...{ name: "child-keeps", file: child, replace: "if (file !== undefined) closeSync(file);", by: "" },
    harm: "have nothing open of what the user before held",
  },
  {
    name: "child-keeps-wrong",
    file: child,
    replace: "    closeSync(file);\n    throw error;",
    by: "    throw error;",
    harm: "hold one device at a time, and none that was not the right one",
  },
  {
    ...{ name: "child-forgets", file: child, replace: "if (held !== undefined) throw", by: "if (held === -1) throw" },
    harm: "hold one device at a time, and none that was not the right one",
  },
  {
    name: "child-hurries",
    file: child,
    replace: "Promise.allSettled(writes.map(writeGuarded))",
    by: "Promise.all(writes.map(writeGuarded))",
    harm: "answer for all writes at once, so that none still blocks when they serve somebody else",
  },
];

const guards = {
  "child-pool-limit.test.ts": ofLimit,
  "child-pool-trust.test.ts": ofTrust,
  "child-pool.test.ts": ofReal,
};

describe("the tests of the children for direct I/O", () => {
  for (const [test, all] of Object.entries(guards)) {
    for (const { harm, ...mutation } of all) {
      it(`see the fault of ${mutation.name}`, async (t) => {
        await bundleMutant(child, mutation);
        const file = await bundleMutant(join(import.meta.dirname, test), mutation);
        const pattern = `--test-name-pattern=${harm}`;
        const argv = ["--test-reporter=tap", "--test-timeout=5000", "--test-force-exit", pattern, file];
        const { exitCode, stdout } = await exec(process.execPath, argv, {
          signal: AbortSignal.any([t.signal, AbortSignal.timeout(60_000)]),
        });
        assert.notEqual(exitCode, 0);
        assert.match(stdout, new RegExp(`^ +not ok \\d+ - ${harm}$`, "m"));
      });
    }
  }
});
