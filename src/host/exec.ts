/**
 * The only way this driver runs another program to its end; converse.ts and hold-lock.ts keep one running.
 *
 * X1  Each program is started by start-program.ts (argv only).
 * X2  Bound to a signal: an abort sends SIGTERM, then SIGKILL, and the caller stops waiting at once. A child stuck in
 *     the kernel is left behind (V32): the parent stays healthy and can exit.
 * X3  The exit status is data. What it means is decided beside the tool that gave it.
 */
import { failure } from "../domain/errors.ts";
import { untilAborted } from "../lib/abort.ts";
import { startProgram, type Ending, type Program } from "./start-program.ts";

export interface ExecOptions {
  readonly signal: AbortSignal;
  /** Text for standard input. */
  readonly input?: string;
}

/** How a program ended. */
export interface ExecResult extends Ending {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one program to its end. */
export type Exec = (file: string, args: readonly string[], options: ExecOptions) => Promise<ExecResult>;

/** Characters of either output; a program that says more is stopped. */
export const longestOutput = 1024 * 1024;

export const exec: Exec = async (file, args, { signal, input }) => {
  signal.throwIfAborted();
  const said = { stdout: "", stderr: "" };
  const hear = (output: keyof typeof said) => (text: string) => {
    said[output] = (said[output] + text).slice(0, longestOutput);
    if (said[output].length === longestOutput) program.stop();
  };
  const hasInput = input !== undefined;
  const program = startProgram(file, args, { hasInput, onOutput: hear("stdout"), onError: hear("stderr") });
  if (hasInput) program.tell(input);
  program.endInput();
  const { exitCode, signal: endedBy } = await endOf(program, signal);
  return { exitCode, signal: endedBy, stdout: withoutEndOfLine(said.stdout), stderr: withoutEndOfLine(said.stderr) };
};

/** X2. */
async function endOf(program: Program, signal: AbortSignal): Promise<Ending> {
  try {
    return await untilAborted(program.ended, signal);
  } finally {
    if (signal.aborted) program.stop();
  }
}

function withoutEndOfLine(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
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
