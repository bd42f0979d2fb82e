/**
 * The client's deadline, with one of our own for clients that set none.
 *
 * T1  The work is told a moment before the client gives up, so that its own words on what it was waiting for still get
 *     through.
 * T2  The answer goes out in time even when the work hangs; the work keeps its in-flight lock until it has really ended.
 */
import { failure } from "../../domain/errors.ts";
import { untilAborted } from "../../lib/abort.ts";
import type { Interceptor } from "../call.ts";

const defaultLimitMs = 110_000;
const longestMarginMs = 1000;

export const deadline: Interceptor = async (call, next) => {
  const limit = Math.max(Math.min(call.deadline - Date.now(), defaultLimitMs), 0);
  const margin = Math.min(longestMarginMs, limit / 10);
  const [forWork, forAnswer] = [new AbortController(), new AbortController()];
  const timers = [
    setTimeout(() => forWork.abort(timedOut(call.method, limit)), limit - margin),
    setTimeout(() => forAnswer.abort(timedOut(call.method, limit)), limit),
  ];
  const work = next({ ...call, signal: AbortSignal.any([call.signal, forWork.signal]) });
  try {
    return await untilAborted(work, AbortSignal.any([call.signal, forAnswer.signal]));
  } finally {
    timers.forEach(clearTimeout);
  }
};

function timedOut(method: string, limit: number): Error {
  const rule = `it did not end within ${Math.round(limit)} ms; what it began goes on or is finished by a repeat`;
  return failure("timeout", { cannot: `serve ${method}`, rule });
}
