/** The test of the tests of deleted volumes: each of them fails for a target agent without one of its guards. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { bundleMutant, type Mutation } from "../../test/support/mutant.ts";
import { exec } from "../host/exec.ts";

const at = (name: string) => `src/target-agent/${name}.ts`;
const tests = {
  volumes: join(import.meta.dirname, "deleted-volumes.test.ts"),
  room: join(import.meta.dirname, "deleted-room.test.ts"),
  pools: join(import.meta.dirname, "pooled-deletion.test.ts"),
};

/** Without each of them this test fails. */
const guards: readonly (Mutation & { readonly seenBy: keyof typeof tests; readonly harm: string })[] = [
  {
    ...{ name: "deletion-restart-erases", file: at("target-agent"), by: "if (record === undefined) return;" },
    replace: 'if (record === undefined || record.state === "deleted") return;',
    seenBy: "volumes",
    harm: "is kept by restarts and rounds until its time is over, and not longer",
  },
  {
    ...{ name: "deletion-again", file: at("volumes"), by: "if (record === undefined) return;" },
    replace: 'if (record === undefined || record.state === "deleted") return;',
    seenBy: "volumes",
    harm: "is not there for any call, and comes back as it was",
  },
  {
    ...{ name: "deletion-hands-out", file: at("volumes"), replace: 'if (found?.state === "ready") return this' },
    by: 'if (found?.state === "ready" || found?.state === "deleted") return this',
    seenBy: "volumes",
    harm: "is blank: the deleted one is erased first",
  },
  {
    ...{ name: "deletion-undecided", file: at("erase-volume"), replace: "if (!isDecided)", by: "if (false)" },
    seenBy: "volumes",
    harm: "is erased at once while it was only half made, or half erased",
  },
  {
    ...{ name: "deletion-unverified", file: at("deleted-volumes"), replace: "await layer.verified(whole);", by: "" },
    seenBy: "volumes",
    harm: "knows only deleted volumes of this pool and cluster, that are still what was deleted",
  },
  {
    ...{ name: "deletion-for-nothing", file: at("deleted-volumes"), replace: "if (most < needed) return most;" },
    by: "if (most < needed && deleted.length === 0) return most;",
    seenBy: "room",
    harm: "is given to whoever needs it, of the oldest and of no more than are needed",
  },
  {
    ...{
      name: "deletion-newest-first",
      file: at("deleted-volumes"),
      replace: "deletionOf(a).getTime() - deletionOf(b)",
    },
    by: "deletionOf(b).getTime() - deletionOf(a)",
    seenBy: "room",
    harm: "is given to whoever needs it, of the oldest and of no more than are needed",
  },
  {
    ...{ name: "deletion-waits", file: at("deleted-volumes"), replace: "state.ifFree(id, ", by: "state.locked([id], " },
    seenBy: "room",
    harm: "is not waited for: what somebody works on stays, and the next one goes",
  },
  {
    name: "deletion-counts-shared",
    file: at("layers/room"),
    ...{ replace: "if (isErasable && this.#lasting.has(family)) return;", by: "" },
    seenBy: "room",
    harm: "counts as free only as far as nothing else may share it",
  },
  {
    ...{
      name: "deletion-in-two-pools",
      file: at("pooled-agents"),
      replace: "await this.eraseDeleted(spec.id, signal);",
    },
    by: "",
    seenBy: "pools",
    harm: "are in nobody's way: a new one of the name is made in another pool, and the old one is erased \\(E4\\)",
  },
];

describe("the tests of deleted volumes", () => {
  for (const { seenBy, harm, ...mutation } of guards) {
    it(`see the fault of ${mutation.name}`, async (t) => {
      const file = await bundleMutant(tests[seenBy], mutation);
      const argv = ["--test-reporter=tap", "--test-timeout=5000", "--test-force-exit"];
      const { exitCode, stdout } = await exec(process.execPath, [...argv, `--test-name-pattern=${harm}`, file], {
        signal: AbortSignal.any([t.signal, AbortSignal.timeout(60_000)]),
      });
      assert.notEqual(exitCode, 0);
      assert.match(stdout, new RegExp(`^ +not ok \\d+ - ${harm}$`, "m"));
    });
  }
});
