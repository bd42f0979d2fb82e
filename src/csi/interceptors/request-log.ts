/** One line per RPC: id, method, volume, duration, code. Nothing further in logs requests (innermost code never logs). */
import { status } from "@grpc/grpc-js";
import type { Logger } from "../../observability/logger.ts";
import { subjectOf, type Interceptor } from "../call.ts";
import { redact } from "../redact.ts";
import { toStatus } from "../status.ts";

/** Asked every few seconds by kubelet and sidecars: their success is not news. */
const quiet = new Set(["Probe", "GetPluginInfo", "GetPluginCapabilities", "NodeGetCapabilities"]);

/** A request is logged before its sizes are checked. */
const longestSubject = 128;

export function requestLog(logger: Logger): Interceptor {
  return async (call, next) => {
    const started = performance.now();
    const log = logger.child({
      rpc: call.method,
      id: call.id,
      volume: subjectOf(call.request)?.slice(0, longestSubject),
    });
    log.debug({ request: redact(call.requestType, call.request) }, "request");
    const took = () => Math.round(performance.now() - started);
    const notes: string[] = [];
    try {
      const response = await next({ ...call, note: (text) => void notes.push(text) });
      const line = { code: "OK", ms: took(), ...(notes.length > 0 && { did: notes.join("; ") }) };
      log[quiet.has(call.method) ? "debug" : "info"](line, call.method);
      return response;
    } catch (error) {
      const { code, message, cause } = toStatus(error);
      const isBug = code === status.INTERNAL;
      log[isBug ? "error" : "warn"]({ code: status[code], ms: took(), reason: message, err: cause }, call.method);
      throw error;
    }
  };
}
