/**
 * The only way this driver runs another program to its end; converse.ts and hold-lock.ts keep one running.
 *
 * X1  argv only, never a shell; LC_ALL=C; a fixed PATH; no standard input unless given.
 * X2  Bound to a signal: an abort sends SIGTERM, then SIGKILL, and the caller stops waiting at once. A child stuck in
 *     the kernel is left behind (V32): the parent stays healthy and can exit.
 * X3  The exit status is data. What it means is decided beside the tool that gave it.
 */
import { execa } from "execa";
import { failure } from "../domain/errors.ts";
import { untilAborted } from "../lib/abort.ts";

export interface ExecOptions {
  readonly signal: AbortSignal;
  /** Text for standard input. */
  readonly input?: string;
}

export interface ExecResult {
  /** Undefined when a signal ended the program. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one program to its end. */
export type Exec = (file: string, args: readonly string[], options: ExecOptions) => Promise<ExecResult>;

/** What every program is started with (X1, X2). */
export const childOptions = {
  reject: false,
  extendEnv: false,
  env: { LC_ALL: "C", PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
  forceKillAfterDelay: 2000,
  // execa's own cleanup raises SIGTERM again in this process, which would end it in the middle of its drain.
  cleanup: false,
  maxBuffer: 1024 * 1024,
  stripFinalNewline: true,
} as const;

export const exec: Exec = async (file, args, { signal, input }) => {
  signal.throwIfAborted();
  const stdin = input === undefined ? ({ stdin: "ignore" } as const) : { input };
  const child = execa(file, args, { ...childOptions, cancelSignal: signal, ...stdin });
  return resultOf(file, await untilAborted(child, signal));
};

interface Ending extends Pick<ExecResult, "stdout" | "stderr"> {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly shortMessage?: string | undefined;
  readonly cause?: unknown;
}

/** How a program ended; one that did not start is an error. */
export function resultOf(file: string, { exitCode, signal, shortMessage, cause, stdout, stderr }: Ending): ExecResult {
  if (exitCode !== undefined || signal !== undefined) return { exitCode, signal, stdout, stderr };
  throw failure("unavailable", { cannot: `run ${file}`, rule: shortMessage ?? "it did not start", cause });
}

/** Runs a program and refuses any exit status but 0, quoting what it said. */
export async function execOk(
  run: Exec,
  file: string,
  args: readonly string[],
  options: ExecOptions,
): Promise<ExecResult> {
  const result = await run(file, args, options);
  if (result.exitCode !== 0) throw toolFailure(file, args, result);
  return result;
}

/** An unavailable error that quotes a program's status and what it said. */
export function toolFailure(file: string, args: readonly string[], result: ExecResult) {
  const status = result.exitCode ?? result.signal;
  const said = (result.stderr || result.stdout).trim().slice(-1000);
  return failure("unavailable", { cannot: `run ${file} ${args.join(" ")}`, rule: said || "it failed", got: status });
}
