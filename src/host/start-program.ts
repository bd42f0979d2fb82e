/**
 * Starts a program; exec.ts, converse.ts and hold-lock.ts say what becomes of it. By node:child_process itself: a stage
 * waits for several programs, and a library's comforts take as much CPU as their start (docs/performance.md).
 *
 * X1  argv only, never a shell; LC_ALL=C; a fixed PATH; no standard input unless asked for.
 * X2  `stop` sends SIGTERM, and SIGKILL to what is still there after 2 s.
 */
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { failure, messageOf, type DomainError } from "../domain/errors.ts";

/** A program ends with a status or by a signal; the other one is undefined. */
export interface Ending {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

export interface Program {
  /** Writes to its standard input; what it does not read is lost without an error. */
  readonly tell: (text: string) => void;
  readonly endInput: () => void;
  /** Resolves once the program has ended and all that it said was heard; rejects when it did not start. */
  readonly ended: Promise<Ending>;
  readonly stop: () => void;
}

export interface StartOptions {
  /** Whether there is a standard input to write to. */
  readonly hasInput: boolean;
  /** A process group of its own: signals to this process's group do not reach it. */
  readonly isApart?: boolean;
  readonly onOutput: (text: string) => void;
  readonly onError: (text: string) => void;
}

const env = { LC_ALL: "C", PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
const killAfterMs = 2000;

export function startProgram(file: string, args: readonly string[], options: StartOptions): Program {
  const { hasInput, isApart = false, onOutput, onError } = options;
  const stdio = [hasInput ? "pipe" : "ignore", "pipe", "pipe"] as const;
  const child = spawned(file, args, { env, detached: isApart, stdio: [...stdio] });
  const { promise: ended, resolve, reject } = Promise.withResolvers<Ending>();
  // Not everybody waits for the end.
  ended.catch(() => undefined);
  child.on("error", (cause) => {
    // A signal that cannot be sent is an error event too.
    if (child.pid === undefined) reject(notStarted(file, cause));
  });
  child.once("close", (status, signal) => resolve({ exitCode: status ?? undefined, signal: signal ?? undefined }));
  // Where no more files can be opened there are no streams either.
  const { stdin, stdout, stderr } = child as Partial<ChildProcess>;
  stdout?.setEncoding("utf8").on("data", onOutput);
  stderr?.setEncoding("utf8").on("data", onError);
  stdin?.on("error", () => undefined);
  return { tell: (text) => stdin?.write(text), endInput: () => stdin?.end(), ended, stop: () => stop(child) };
}

/** Some errors are thrown, such as a list of arguments that is too long. */
function spawned(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn(file, args, options);
  } catch (cause) {
    throw notStarted(file, cause);
  }
}

function notStarted(file: string, cause: unknown): DomainError {
  return failure("unavailable", { cannot: `run ${file}`, rule: messageOf(cause), cause });
}

/** X2. */
function stop(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  child.once("exit", () => clearTimeout(timer));
}
