/**
 * Starts a program; exec.ts, converse.ts and hold-lock.ts say what becomes of it.
 *
 * X1  argv only, never a shell; LC_ALL=C; a fixed PATH; no standard input unless asked for.
 * X2  `stop` sends SIGTERM, and SIGKILL to what is still there after 2 s.
 */
import { execa } from "execa";
import { failure } from "../domain/errors.ts";

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

/** What every program is started with (X1, X2); output is heard as it comes. */
const always = {
  reject: false,
  extendEnv: false,
  env: { LC_ALL: "C", PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
  forceKillAfterDelay: 2000,
  // execa's own cleanup raises SIGTERM again in this process, which would end it in the middle of its drain.
  cleanup: false,
  buffer: false,
  stdout: "pipe",
  stderr: "pipe",
} as const;

export function startProgram(file: string, args: readonly string[], options: StartOptions): Program {
  const { hasInput, isApart = false, onOutput, onError } = options;
  const stdin = hasInput ? "pipe" : "ignore";
  const child = execa(file, args, { ...always, stdin, detached: isApart });
  child.stdout.setEncoding("utf8").on("data", onOutput);
  child.stderr.setEncoding("utf8").on("data", onError);
  // What the program does not read is lost without an error.
  child.stdin?.on("error", () => undefined);
  const ended = child.then(({ exitCode, signal, shortMessage, cause }): Ending => {
    if (exitCode !== undefined || signal !== undefined) return { exitCode, signal };
    throw failure("unavailable", { cannot: `run ${file}`, rule: shortMessage ?? "it did not start", cause });
  });
  // Not everybody waits for the end.
  ended.catch(() => undefined);
  const tell = (text: string) => void child.stdin?.write(text);
  let isStopped = false;
  const stop = () => {
    // A program that ends another one at SIGTERM would meet a second one unprepared.
    if (!isStopped) child.kill();
    isStopped = true;
  };
  return { tell, endInput: () => child.stdin?.end(), ended, stop };
}
