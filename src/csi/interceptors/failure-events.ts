/**
 * Tells the orchestrator's side of a failure that a person has to act on: a format that was refused, a fence that
 * waits, a pool that is full. Everything else is in the sidecars' own events and in the log.
 */
import { DomainError, type ErrorKind } from "../../domain/errors.ts";
import type { Interceptor } from "../call.ts";

/** A failed call, in words for the owner of the volume. */
export interface FailureNews {
  readonly method: string;
  /** The CSI volume_id. */
  readonly volume?: string;
  /** The claim it was to be made for, where the orchestrator said so. */
  readonly claim?: { readonly namespace: string; readonly name: string };
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

const news: Readonly<Record<string, Partial<Record<ErrorKind, string>>>> = {
  CreateVolume: { no_capacity: "PoolFull" },
  ControllerExpandVolume: { no_capacity: "PoolFull" },
  NodeStageVolume: { precondition: "StageRefused" },
  ControllerUnpublishVolume: { unavailable: "FenceWaits", timeout: "FenceWaits" },
};

/** `tell` must not throw, and nobody waits for what it starts. */
export function failureEvents(tell: (failure: FailureNews) => void): Interceptor {
  return async (call, next) => {
    try {
      return await next(call);
    } catch (error) {
      const reason = error instanceof DomainError ? news[call.method]?.[error.kind] : undefined;
      if (reason !== undefined && error instanceof DomainError) {
        tell({ method: call.method, reason, message: error.message, ...subjectOf(call.request) });
      }
      throw error;
    }
  };
}

function subjectOf(request: object): Pick<FailureNews, "volume" | "claim"> {
  const { volume_id: volume, parameters } = request as { readonly volume_id?: unknown; readonly parameters?: unknown };
  if (typeof volume === "string" && volume !== "") return { volume };
  const values = new Map<string, unknown>(Object.entries(parameters ?? {}));
  const [namespace, name] = ["namespace", "name"].map((key) => values.get(`csi.storage.k8s.io/pvc/${key}`));
  return typeof namespace === "string" && typeof name === "string" ? { claim: { namespace, name } } : {};
}
