/**
 * Steps over many volumes, each of which may fail or hang in the kernel: such a step is told of and left behind, and the
 * next one comes. Only the end of `signal` ends them all, with its reason.
 */
import { withTimeout } from "../host/clock.ts";
import { untilAborted } from "../lib/abort.ts";

export type BoundedStep = (work: (limit: AbortSignal) => Promise<void>) => Promise<void>;

export function boundedStep(limitMs: number, signal: AbortSignal, onError: (error: unknown) => void): BoundedStep {
  return async (work) => {
    signal.throwIfAborted();
    const limit = withTimeout(signal, limitMs);
    try {
      await untilAborted(work(limit), limit);
    } catch (error) {
      signal.throwIfAborted();
      onError(error);
    }
  };
}
