/**
 * An exclusive flock(2) on a file or directory for as long as this process lives: node:fs has no flock, so a child
 * `flock PATH cat` holds it and ends when the pipe from here closes.
 */
import { failure } from "../domain/errors.ts";
import { untilAborted } from "../lib/abort.ts";
import { startProgram } from "./start-program.ts";

const conflictStatus = 75;

/** A predecessor that was killed needs a moment until its lock is free. */
const waitSeconds = "5";

/** The held lock, or undefined when somebody else keeps it. */
export async function holdLock(path: string, signal: AbortSignal): Promise<AsyncDisposable | undefined> {
  // `cat` runs only under the lock: what it echoes is the proof.
  const { promise: echoed, resolve } = Promise.withResolvers<"held">();
  let said = "";
  const argv = ["--wait", waitSeconds, "--conflict-exit-code", String(conflictStatus), path, "cat"];
  const { tell, endInput, ended } = startProgram("flock", argv, {
    hasInput: true,
    // A signal to this process's group must not free the lock while this process still drains.
    isApart: true,
    onOutput: () => resolve("held"),
    onError: (text) => (said += text),
  });
  tell("held\n");
  const outcome = await untilAborted(Promise.race([echoed, ended]), signal);
  if (outcome === "held") {
    return {
      async [Symbol.asyncDispose]() {
        endInput();
        await ended;
      },
    };
  }
  if (outcome.exitCode === conflictStatus) return undefined;
  const rule = said.trim() || `flock ended with ${outcome.exitCode ?? outcome.signal}`;
  throw failure("unavailable", { cannot: `lock ${path}`, rule });
}
