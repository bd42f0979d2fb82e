/**
 * One line per RPC when it ends: id, method, volume, duration, code. `volume` and `snapshot` are always ids, also where
 * the request has only the `name` of one to be made. Nothing further in logs requests (innermost code never logs).
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

interface SubjectFields {
  readonly volume?: string;
  readonly snapshot?: string;
  readonly name?: string;
}

/** What calls make that come with a name alone. */
const made: ReadonlyMap<string, "volume" | "snapshot"> = new Map([
  ["CreateVolume", "volume"],
  ["CreateSnapshot", "snapshot"],
]);

/** The fields that say which volume and snapshot a call is about. */
function subjectFields({ method, request }: Call, handleOf: HandleOf): SubjectFields {
  const text = (field: string) => {
    const value: unknown = Reflect.get(request, field);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const [volume = text("source_volume_id"), snapshot, name] = ["volume_id", "snapshot_id", "name"].map(text);
  const ids = {
    ...(volume !== undefined && { volume: volume.slice(0, longestText) }),
    ...(snapshot !== undefined && { snapshot: snapshot.slice(0, longestText) }),
  };
  const kind = made.get(method);
  if (kind === undefined || name === undefined) return ids;
  return { ...ids, [kind]: handleOf({ method, subject: name }), name: name.slice(0, longestText) };
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
