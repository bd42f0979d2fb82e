/** Time, with waits that a signal can end. */
import { setTimeout as delay } from "node:timers/promises";

export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal });
}

const shortestMs = 5;
/** While news is to come. */
const patientMs = 25;
const longestMs = 200;
/** What was waited for is seen late by half as long as it took, at most. */
const growth = 1.5;

export interface PollOptions {
  /** When it settles, the answer may have changed: it is asked for at once, and at short intervals again. */
  readonly news?: Promise<unknown> | undefined;
  readonly pause?: typeof sleep;
}

/**
 * Asks `probe` until it answers with something other than undefined, at growing intervals from 5 ms up to 200 ms, and less
 * often at first while news is to come. Bounded by the signal alone: the caller decides how long is too long.
 */
export async function poll<T>(
  probe: () => Promise<T | undefined>,
  signal: AbortSignal,
  { news, pause = sleep }: PollOptions = {},
): Promise<T> {
  let heard = news && Promise.allSettled([news]).then(() => "news" as const);
  for (let wait = news === undefined ? shortestMs : patientMs; ;) {
    signal.throwIfAborted();
    const answer = await probe();
    if (answer !== undefined) return answer;
    const waited = pause(wait, signal).then(() => "time" as const);
    const reason = await (heard === undefined ? waited : Promise.race([heard, waited]));
    if (reason === "news") heard = undefined;
    wait = reason === "news" ? shortestMs : Math.min(wait * growth, longestMs);
  }
}

/** A signal that fires with `signal` or after `milliseconds`, whichever is first. */
export function withTimeout(signal: AbortSignal, milliseconds: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
}
