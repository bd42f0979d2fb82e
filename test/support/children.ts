/** Children for direct I/O whose answers a test gives. */
import type { Children } from "../../src/host/child-pool.ts";
import type { Ask } from "../../src/host/converse.ts";
import type { Exec } from "../../src/host/exec.ts";

/** Has an `Exec` answer: the question is its standard input, and the program this Node.js. */
export function askOf(run: Exec): Ask {
  return async (question, signal) => await run(process.execPath, [], { signal, input: question });
}

/** `onEnd` is told when a conversation ends. */
export function childrenOf(ask: Ask, onEnd: () => void = () => undefined): Children {
  return { ask, talk: async () => Promise.resolve({ ask, end: onEnd }), prepare: () => undefined };
}

/** For what must not ask anything. */
export const noChildren = childrenOf(async () => Promise.reject(new Error("no child is asked")));
