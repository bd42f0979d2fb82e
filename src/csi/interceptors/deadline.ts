/**
 * The client's deadline, with one of our own for clients that set none. The answer goes out in time even when the work
 * hangs; the work itself gets the signal and keeps its in-flight lock until it has really ended.
 */
import { failure } from "../../domain/errors.ts";
import { untilAborted } from "../../lib/abort.ts";
import type { Interceptor } from "../call.ts";

const defaultLimitMs = 110_000;

export const deadline: Interceptor = async (call, next) => {
  const limit = Math.min(call.deadline - Date.now(), defaultLimitMs);
  const timer = new AbortController();
  const timeout = setTimeout(() => timer.abort(timedOut(call.method, limit)), Math.max(limit, 0));
  const signal = AbortSignal.any([call.signal, timer.signal]);
  try {
    return await untilAborted(next({ ...call, signal }), signal);
  } finally {
    clearTimeout(timeout);
  }
};

function timedOut(method: string, limit: number): Error {
  const rule = `it did not end within ${Math.round(limit)} ms; what it began goes on or is finished by a repeat`;
  return failure("timeout", { cannot: `serve ${method}`, rule });
}
