/** One RPC in flight, and how interceptors wrap it. */
import type { CsiMessageName, CsiMethodPath } from "../gen/csi-fields.ts";

export interface Call {
  /** Unique in this process; in every log line of the call. */
  readonly id: string;
  readonly path: CsiMethodPath;
  /** Last part of the path, such as `NodeStageVolume`. */
  readonly method: string;
  readonly requestType: CsiMessageName;
  readonly request: object;
  /** Milliseconds since the epoch, or Infinity. */
  readonly deadline: number;
  /** Fires when the client has gone or the deadline has passed. */
  readonly signal: AbortSignal;
  /** Adds words on what was done to the call's log line. */
  readonly note: (text: string) => void;
}

export type Handler = (call: Call) => Promise<object>;

/** Wraps a handler. It may answer itself, change the call, or translate what is thrown. */
export type Interceptor = (call: Call, next: Handler) => Promise<object>;

/** The handler inside all interceptors; the first one is the outermost. */
export function compose(interceptors: readonly Interceptor[], handler: Handler): Handler {
  return interceptors.reduceRight<Handler>((next, wrap) => (call) => wrap(call, next), handler);
}

/** The id for a call's subject: the subject itself, or the id of the volume, snapshot or group of snapshots that the call will make. */
export type HandleOf = (call: { readonly method: string; readonly subject: string }) => string;

const subjectFields = ["volume_id", "snapshot_id", "group_snapshot_id", "name"];

/** What a request says of the volume, snapshot or group it is about: its id, or the name of one to be made. */
export function subjectOf(request: object): string | undefined {
  const texts = subjectFields.map((field): unknown => Reflect.get(request, field));
  return texts.find((text) => typeof text === "string" && text !== "") as string | undefined;
}
