/** Time, with waits that a signal can end. */
import { setTimeout as delay } from "node:timers/promises";

export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal });
}

/**
 * Asks `probe` until it answers with something other than undefined, at growing intervals from 10 ms up to 200 ms.
 * Bounded by the signal alone: the caller decides how long is too long.
 */
export async function poll<T>(probe: () => Promise<T | undefined>, signal: AbortSignal): Promise<T> {
  for (let wait = 10; ; wait = Math.min(wait * 2, 200)) {
    signal.throwIfAborted();
    const answer = await probe();
    if (answer !== undefined) return answer;
    await sleep(wait, signal);
  }
}

/** A signal that fires with `signal` or after `milliseconds`, whichever is first. */
export function withTimeout(signal: AbortSignal, milliseconds: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
}
