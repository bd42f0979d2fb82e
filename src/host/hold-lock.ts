/**
 * An exclusive flock(2) on a file or directory for as long as this process lives: node:fs has no flock, so a child
 * `flock PATH cat` holds it and ends when the pipe from here closes.
 */
import { execa } from "execa";
import { failure } from "../domain/errors.ts";
import { untilAborted } from "../lib/abort.ts";

const conflictStatus = 75;

/** A predecessor that was killed needs a moment until its lock is free. */
const waitSeconds = "5";

/** The held lock, or undefined when somebody else keeps it. */
export async function holdLock(path: string, signal: AbortSignal): Promise<AsyncDisposable | undefined> {
  const child = execa("flock", ["--wait", waitSeconds, "--conflict-exit-code", String(conflictStatus), path, "cat"], {
    reject: false,
    // A group of its own: a signal to this process's group must not free the lock while this process still drains.
    detached: true,
    cleanup: false,
    stdin: "pipe",
    stdout: "pipe",
    buffer: false,
  });
  // `cat` runs only under the lock: what it echoes is the proof.
  const echoed = new Promise<"held">((resolve) => child.stdout.once("data", () => resolve("held")));
  child.stdin.on("error", () => undefined);
  child.stdin.write("held\n");
  const outcome = await untilAborted(Promise.race([echoed, child]), signal);
  if (outcome === "held") {
    return {
      async [Symbol.asyncDispose]() {
        child.stdin.end();
        await child;
      },
    };
  }
  if (outcome.exitCode === conflictStatus) return undefined;
  throw failure("unavailable", { cannot: `lock ${path}`, rule: outcome.shortMessage ?? "flock failed" });
}
