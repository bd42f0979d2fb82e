/**
 * At most one call per volume or snapshot and service at a time; a second one is ABORTED, as the specification asks for.
 * Calls that change nothing need no lock.
 */
import { failure } from "../../domain/errors.ts";
import { InFlight } from "../../lib/keyed-lock.ts";
import { subjectOf, type Interceptor } from "../call.ts";

const locked = new Set([
  "CreateVolume",
  "DeleteVolume",
  "ControllerPublishVolume",
  "ControllerUnpublishVolume",
  "ControllerExpandVolume",
  "CreateSnapshot",
  "DeleteSnapshot",
  "CreateVolumeGroupSnapshot",
  "DeleteVolumeGroupSnapshot",
  "NodeStageVolume",
  "NodeUnstageVolume",
  "NodePublishVolume",
  "NodeUnpublishVolume",
  "NodeExpandVolume",
]);

/** `keyOf` gives calls about one volume or snapshot one key, whether they name it by id or by name. */
export function inFlight(keyOf: (call: { readonly method: string; readonly subject: string }) => string): Interceptor {
  const held = new InFlight();
  return async (call, next) => {
    const subject = subjectOf(call.request);
    if (subject === undefined || !locked.has(call.method)) return await next(call);
    const service = call.method.startsWith("Node") ? "node" : "controller";
    using lock = held.tryAcquire(`${service} ${keyOf({ method: call.method, subject })}`);
    if (lock === undefined) {
      const kind = call.method.endsWith("Snapshot") ? "snapshot" : "volume";
      const rule = `another operation on this ${kind} is in progress`;
      throw failure("busy", { cannot: `serve ${call.method}`, rule, got: subject });
    }
    return await next(call);
  };
}
