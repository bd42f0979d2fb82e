/**
 * A program that is kept running and answers line by line; exec.ts runs one to its end.
 *
 * Q1  One question at a time, and one line for each. An abort ends the program and the wait at once (X2); nothing can be
 *     asked of it afterwards.
 * Q2  A program that ends instead of answering is an answer too: its exit status and what it said.
 * Q3  The end of its input is the order to end once it is done, also when this process dies.
 */
import { createInterface } from "node:readline";
import { execa } from "execa";
import { untilAborted } from "../lib/abort.ts";
import { childOptions, resultOf, type ExecResult } from "./exec.ts";

/** Asks one question and gives the answer as the output of a program. */
export type Ask = (question: string, signal: AbortSignal) => Promise<ExecResult>;

export interface Conversation {
  readonly ask: Ask;
  /** Q3. */
  readonly end: () => void;
}

/** Starts a program to talk to. */
export type Converse = (file: string, args: readonly string[]) => Conversation;

export const converse: Converse = (file, args) => {
  const stop = new AbortController();
  const child = execa(file, args, {
    ...childOptions,
    cancelSignal: stop.signal,
    stdin: "pipe",
    buffer: { stdout: false, stderr: true },
  });
  const ended = child.then(({ exitCode, signal, shortMessage, cause, stderr }) =>
    resultOf(file, { exitCode, signal, shortMessage, cause, stdout: "", stderr }),
  );
  ended.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { done, value } = await lines.next();
    return done === true ? await ended : { exitCode: 0, signal: undefined, stdout: value, stderr: "" };
  };
  const ask: Ask = async (question, signal) => {
    try {
      signal.throwIfAborted();
      child.stdin.write(`${question}\n`);
      return await untilAborted(answer(), signal);
    } finally {
      if (signal.aborted) stop.abort();
    }
  };
  return { ask, end: () => child.stdin.end() };
};
