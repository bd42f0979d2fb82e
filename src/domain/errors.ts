/**
 * The one vocabulary of failures. Every part of the driver throws `DomainError`s of a kind listed here; the wire maps
 * each kind to exactly one gRPC code (csi/status.ts) and anything else becomes INTERNAL with an opaque id.
 *
 * E1  A message reads "cannot <do X>: <rule>; got <value>", and `cause` keeps what led to it.
 * E2  A failure whose outcome is unknown, or that may pass by itself, has a kind that is not final for a kubelet or a
 *     provisioner (R11): unavailable, busy, timeout.
 */

/** What went wrong, by meaning. */
export type ErrorKind =
  | "invalid_argument"
  | "not_found"
  | "already_exists"
  | "out_of_range"
  | "no_capacity"
  /** The object is still used: published, mounted, held open. */
  | "in_use"
  /** Other nodes hold the volume in a way that excludes what is asked for. */
  | "attached_elsewhere"
  /** The state of the device or the host forbids the step: a refused format, a missing stage, a failed check. */
  | "precondition"
  /** Another operation on the same object is running. */
  | "busy"
  | "unavailable"
  | "timeout"
  | "cancelled"
  | "unsupported"
  /** A list token that this driver did not make. */
  | "bad_token";

/** A failure with a meaning. `kind` is for programs, `message` for people, `cause` for the log. */
export class DomainError extends Error {
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "DomainError";
    this.kind = kind;
  }
}

/** E2: what may pass by itself, or whose outcome is unknown; a caller asks again. */
const passing: readonly ErrorKind[] = ["no_capacity", "busy", "bad_token", "unavailable", "timeout", "cancelled"];

/** Whether a failure is a last word: a kubelet takes the operation for one that never happened. */
export function isFinal(error: unknown): boolean {
  return error instanceof DomainError && !passing.includes(error.kind);
}

/** The parts of an error sentence: "cannot {cannot}: {rule}; got {got}". */
export interface Failure {
  readonly cannot: string;
  readonly rule: string;
  readonly got?: unknown;
  readonly cause?: unknown;
}

/** Builds the error sentence of E1. */
export function failure(kind: ErrorKind, { cannot, rule, got, cause }: Failure): DomainError {
  const value = got === undefined ? "" : `; got ${describeValue(got)}`;
  return new DomainError(kind, `cannot ${cannot}: ${rule}${value}`, cause === undefined ? undefined : { cause });
}

const longestValue = 200;

/** One line of text for any value, cut to 200 characters, control characters escaped. */
export function describeValue(value: unknown): string {
  const isPlain = typeof value === "bigint" || value === undefined;
  const text = isPlain ? String(value) : JSON.stringify(value, bigintAsText);
  return text.length <= longestValue ? text : `${text.slice(0, longestValue)}… (${text.length} characters)`;
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
