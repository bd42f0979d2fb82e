/**
 * One line per RPC when it ends: id, method, volume, duration, code. `volume` is always a volume id, also where the
 * request has only the `name` of a volume to be made. Nothing further in logs requests (innermost code never logs).
 */
import { status } from "@grpc/grpc-js";
import type { Logger } from "../../observability/logger.ts";
import { type Call, type HandleOf, type Interceptor } from "../call.ts";
import { redact } from "../redact.ts";
import { toStatus } from "../status.ts";

/** Asked every few seconds by kubelet and sidecars: their success is not news. */
const quiet = new Set(["Probe", "GetPluginInfo", "GetPluginCapabilities", "NodeGetCapabilities"]);

/** A request is logged before its sizes are checked. */
const longestText = 128;

/** The fields that say which volume a call is about. */
function subjectFields(
  { method, request }: Call,
  handleOf: HandleOf,
): { readonly volume?: string; readonly name?: string } {
  const { volume_id: id, name } = request as { readonly volume_id?: unknown; readonly name?: unknown };
  if (typeof id === "string" && id !== "") return { volume: id.slice(0, longestText) };
  if (method !== "CreateVolume" || typeof name !== "string" || name === "") return {};
  return { volume: handleOf({ method, subject: name }), name: name.slice(0, longestText) };
}

export function requestLog(logger: Logger, handleOf: HandleOf): Interceptor {
  return async (call, next) => {
    const started = performance.now();
    const log = logger.child({ rpc: call.method, id: call.id, ...subjectFields(call, handleOf) });
    log.debug({ request: redact(call.requestType, call.request) }, "request");
    const took = () => Math.round(performance.now() - started);
    const notes: string[] = [];
    const did = () => (notes.length > 0 ? { did: notes.join("; ") } : {});
    try {
      const response = await next({ ...call, note: (text) => void notes.push(text) });
      const line = { code: "OK", ms: took(), ...did() };
      log[quiet.has(call.method) ? "debug" : "info"](line, call.method);
      return response;
    } catch (error) {
      const { code, message, cause } = toStatus(error);
      const isBug = code === status.INTERNAL;
      log[isBug ? "error" : "warn"](
        { code: status[code], ms: took(), ...did(), reason: message, err: cause },
        call.method,
      );
      throw error;
    }
  };
}
