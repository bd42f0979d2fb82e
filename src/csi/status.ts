/**
 * The only map from failures to gRPC status codes.
 *
 * R11  What may pass by itself, or whose outcome is unknown, gets a code that a kubelet and the provisioner repeat.
 */
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { DomainError, type ErrorKind } from "../domain/errors.ts";
import { assertNever } from "../lib/assert-never.ts";

/** A failure as the client sees it. `cause` is for the log and never leaves the process. */
export class StatusError extends Error {
  readonly code: status;

  constructor(code: status, message: string, cause: unknown) {
    super(message, { cause });
    this.name = "StatusError";
    this.code = code;
  }
}

export function codeOf(kind: ErrorKind): status {
  switch (kind) {
    case "invalid_argument":
      return status.INVALID_ARGUMENT;
    case "not_found":
      return status.NOT_FOUND;
    case "already_exists":
      return status.ALREADY_EXISTS;
    case "out_of_range":
      return status.OUT_OF_RANGE;
    case "no_capacity":
      return status.RESOURCE_EXHAUSTED;
    case "in_use":
    case "attached_elsewhere":
    case "precondition":
      return status.FAILED_PRECONDITION;
    case "busy":
    case "bad_token":
      return status.ABORTED;
    case "unavailable":
      return status.UNAVAILABLE;
    case "timeout":
      return status.DEADLINE_EXCEEDED;
    case "cancelled":
      return status.CANCELLED;
    case "unsupported":
      return status.UNIMPLEMENTED;
    default:
      return assertNever(kind);
  }
}

/** What an AbortSignal of Node itself rejects with. */
function abortStatus(error: unknown): StatusError | undefined {
  const name = error instanceof DOMException ? error.name : undefined;
  if (name === "TimeoutError") return new StatusError(status.DEADLINE_EXCEEDED, "it took too long; ask again", error);
  return name === "AbortError" ? new StatusError(status.ABORTED, "it was interrupted; ask again", error) : undefined;
}

/** A system call that failed: a full disk or an unreadable file may be well again at the next attempt. */
function systemStatus(error: unknown): StatusError | undefined {
  if (!(error instanceof Error && "syscall" in error && "code" in error)) return undefined;
  const path = "path" in error ? ` ${String(error.path)}` : "";
  const message = `cannot ${String(error.syscall)}${path}: the system refused it; got ${String(error.code)}`;
  return new StatusError(status.UNAVAILABLE, message, error);
}

/** Anything thrown, as a status. What has no meaning here is a bug: the client gets an id, the log gets the rest. */
export function toStatus(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof DomainError) return new StatusError(codeOf(error.kind), error.message, error);
  const passed = abortStatus(error) ?? systemStatus(error);
  if (passed !== undefined) return passed;
  const id = randomUUID();
  return new StatusError(status.INTERNAL, `an unexpected error happened; the log has it under ${id}`, error);
}
