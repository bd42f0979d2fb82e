/**
 * The only way this driver runs another program to its end; hold-lock.ts keeps one running.
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

const environment = { LC_ALL: "C", PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
const outputLimit = 1024 * 1024;
const killDelayMs = 2000;

export const exec: Exec = async (file, args, { signal, input }) => {
  signal.throwIfAborted();
  const child = execa(file, args, {
    cancelSignal: signal,
    forceKillAfterDelay: killDelayMs,
    reject: false,
    extendEnv: false,
    env: environment,
    // execa's own cleanup raises SIGTERM again in this process, which would end it in the middle of its drain.
    cleanup: false,
    maxBuffer: outputLimit,
    stripFinalNewline: true,
    ...(input === undefined ? { stdin: "ignore" } : { input }),
  });
  const result = await untilAborted(child, signal);
  if (result.exitCode === undefined && result.signal === undefined) {
    const { shortMessage, cause } = result;
    throw failure("unavailable", { cannot: `run ${file}`, rule: shortMessage ?? "it did not start", cause });
  }
  const { exitCode, stdout, stderr } = result;
  return { exitCode, signal: result.signal, stdout, stderr };
};

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
