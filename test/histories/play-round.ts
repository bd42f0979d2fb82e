/**
 * Starts a round of histories in a thread of its own: in the test's own one node:test follows every promise, which takes
 * longer than all the rest.
 */
import { once } from "node:events";
import path from "node:path";
import { Worker } from "node:worker_threads";

export interface Round {
  readonly seed: number;
  readonly histories: number;
  /** Whether a history that fails is made as short as can be. */
  readonly isShrinking: boolean;
}

export interface Result {
  /** Which promise was broken, and the history; empty: none. */
  readonly failure: string;
  readonly played: number;
  /** How often each call came to what. */
  readonly counts: ReadonlyMap<string, number>;
}

export const roundFile = path.join(import.meta.dirname, "round.ts");

/** `file`: the round, or one over a mutant. */
export async function playRound(file: string, round: Round, signal: AbortSignal): Promise<Result> {
  const worker = new Worker(file, { workerData: round });
  try {
    const [result] = (await once(worker, "message", { signal })) as [Result];
    return result;
  } finally {
    await worker.terminate();
  }
}
