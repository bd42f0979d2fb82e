/** The test of the tests of the pool: each of them fails for a pool, or a child, without one of its guards. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { bundleMutant, type Mutation } from "../../test/support/mutant.ts";
import { exec } from "./exec.ts";

const pool = "src/host/child-pool.ts";
const child = "src/host/direct-io-child.ts";
const real = join(import.meta.dirname, "child-pool.test.ts");
const played = join(import.meta.dirname, "child-pool-trust.test.ts");

/** Without each of them this test fails. */
const guards: readonly (Mutation & { readonly harm: string })[] = [
  {
    ...{ name: "pool-shares", file: pool, replace: "this.#idle = undefined;\n    return child", by: "return child" },
    harm: "are never asked by two users at once",
  },
  {
    ...{ name: "pool-trusts", file: pool, replace: "return !this.#isSpoilt && !this.#isOpen;", by: "return true;" },
    harm: "is ended after words that are no answer",
  },
  {
    name: "pool-keeps-cut",
    file: pool,
    replace: "    // Until there is an answer.\n    this.#isSpoilt = true;\n",
    by: "",
    harm: "is ended after a question that was cut short",
  },
  {
    ...{ name: "pool-keeps-late", file: pool, replace: "wasSpoilt || signal.aborted", by: "wasSpoilt" },
    harm: "is ended when its user was cut short as it answered",
  },
  {
    ...{ name: "pool-resists", file: pool, replace: "wasSpoilt || signal.aborted", by: "signal.aborted" },
    harm: "is never used again once it was",
  },
  {
    ...{ name: "pool-unnumbered", file: pool, replace: "said !== `${number} `", by: 'said === ""' },
    harm: "is ended after an answer to another question, which counts as none",
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
    ...{
      name: "pool-hoards",
      file: pool,
      replace: "!child.isSound || this.#idle !== undefined ||",
      by: "!child.isSound ||",
    },
    harm: "are one when nobody uses them, which ends after a while",
  },
  {
    ...{ name: "child-keeps", file: child, replace: "if (file !== undefined) closeSync(file);", by: "" },
    harm: "have nothing open of what the user before held",
  },
  {
    ...{
      name: "child-keeps-wrong",
      file: child,
      replace: "    closeSync(file);\n    throw error;",
      by: "    throw error;",
    },
    harm: "hold one device at a time, and none that was not the right one",
  },
  {
    ...{ name: "child-forgets", file: child, replace: "if (held !== undefined) throw", by: "if (held === -1) throw" },
    harm: "hold one device at a time, and none that was not the right one",
  },
  {
    ...{
      name: "child-hurries",
      file: child,
      replace: "Promise.allSettled(writes.map(writeGuarded))",
      by: "Promise.all(writes.map(writeGuarded))",
    },
    harm: "answer for all writes at once, so that none still blocks when they serve somebody else",
  },
];

describe("the tests of the children for direct I/O", () => {
  for (const { harm, ...mutation } of guards) {
    it(`see the fault of ${mutation.name}`, async (t) => {
      await bundleMutant(child, mutation);
      const file = await bundleMutant(harm.startsWith("is ") ? played : real, mutation);
      const pattern = `--test-name-pattern=${harm}`;
      const argv = ["--test-reporter=tap", "--test-timeout=5000", "--test-force-exit", pattern, file];
      const { exitCode, stdout } = await exec(process.execPath, argv, {
        signal: AbortSignal.any([t.signal, AbortSignal.timeout(60_000)]),
      });
      assert.notEqual(exitCode, 0);
      assert.match(stdout, new RegExp(`^ +not ok \\d+ - ${harm}$`, "m"));
    });
  }
});
