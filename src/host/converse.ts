/**
 * A program that is kept running and answers line by line; exec.ts runs one to its end.
 *
 * Q1  One question at a time, and one line for each. An abort ends the program and the wait at once (X2); nothing can be
 *     asked of it afterwards.
 * Q2  A program that ends instead of answering is an answer too: its exit status and what it said last.
 * Q3  The end of its input is the order to end once it is done, also when this process dies.
 * Q4  It says an empty line when it is up.
 */
import { untilAborted } from "../lib/abort.ts";
import { longestOutput, type ExecResult } from "./exec.ts";
import { startProgram } from "./start-program.ts";

/** Asks one question and gives the answer as the output of a program. */
export type Ask = (question: string, signal: AbortSignal) => Promise<ExecResult>;

export interface Conversation {
  readonly ask: Ask;
  /** Q3. */
  readonly end: () => void;
}

export interface RunningConversation extends Conversation {
  /** Resolves when the program is up (Q4), or will never be. */
  readonly up: Promise<void>;
  /** Resolves when the program has ended, or did not start. */
  readonly ended: Promise<void>;
}

/** Starts a program to talk to. */
export type Converse = (file: string, args: readonly string[]) => RunningConversation;

export const converse: Converse = (file, args) => {
  const lines = new Lines();
  let stderr = "";
  const program = startProgram(file, args, {
    hasInput: true,
    onOutput: (text) => lines.hear(text),
    onError: (text) => (stderr = (stderr + text).slice(-longestOutput)),
  });
  const last = program.ended.finally(() => lines.close());
  const up = lines.next().then(noop);
  const answer = async (): Promise<ExecResult> => {
    await up;
    const stdout = await lines.next();
    if (stdout !== undefined) return { exitCode: 0, signal: undefined, stdout, stderr: "" };
    return { ...(await program.ended), stdout: "", stderr: stderr.trimEnd() };
  };
  const ask: Ask = async (question, signal) => {
    try {
      signal.throwIfAborted();
      program.tell(`${question}\n`);
      return await untilAborted(answer(), signal);
    } finally {
      if (signal.aborted) program.stop();
    }
  };
  return { ask, end: program.endInput, up, ended: last.then(noop, noop) };
};

const noop = () => undefined;

/**
 * Whole lines out of pieces of text. Those of node:readline end at U+2028 too, which JSON leaves as it is in a text, and half
 * a line at the end counts as one: an answer that was cut short.
 */
class Lines {
  #rest = "";
  #isClosed = false;
  readonly #whole: string[] = [];
  #waiting: ((line: string | undefined) => void) | undefined;

  hear(text: string): void {
    const [first = "", ...others] = text.split("\n");
    this.#rest += first;
    for (const other of others) {
      this.#whole.push(this.#rest);
      this.#rest = other;
    }
    this.#serve();
  }

  close(): void {
    this.#isClosed = true;
    this.#serve();
  }

  /** The next line; undefined when there is none any more. */
  async next(): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#waiting = resolve;
    this.#serve();
    return await promise;
  }

  #serve(): void {
    if (this.#waiting === undefined || (this.#whole.length === 0 && !this.#isClosed)) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting(this.#whole.shift());
  }
}
