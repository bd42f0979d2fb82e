/**
 * A row of the bad-input table: one value in one field of a request that is right otherwise, and what the driver must
 * answer. A refusal ends with "<field> <rule>; got <value>", so a row with a rule of words needs no more than these.
 */
import type { CodeName } from "../../support/csi-client.ts";

/** The value of a row that leaves the field out. */
export const missing = undefined;

/**
 * Besides the codes: `unconfirmed` is what ValidateVolumeCapabilities answers with a reason, `no capacity` what
 * GetCapacity answers for volumes that this driver cannot make.
 */
export type Outcome = CodeName | "unconfirmed" | "no capacity";

export type Row = readonly [
  /** As messages name it: `volume_capabilities.0.mount.fs_type`. */
  field: string,
  value: unknown,
  outcome: Outcome,
  /** Words that follow the field's name, or a pattern for the whole message. */
  rule?: string | RegExp | undefined,
  /** What the message shows, when it is not the value itself. */
  got?: unknown,
];

/** A copy of a request with one field set, or left out. */
export function withField(request: object, field: string, value: unknown): object {
  const [key = "", ...rest] = field.split(".");
  const copy = Array.isArray(request) ? [...(request as readonly unknown[])] : { ...request };
  const old: unknown = Reflect.get(copy, key);
  const inner = typeof old === "object" && old !== null ? old : /^\d/.test(rest[0] ?? "") ? [] : {};
  if (value === missing && (rest.length === 0 || !old)) Reflect.deleteProperty(copy, key);
  else if (rest.length > 0) Reflect.set(copy, key, withField(inner, rest.join("."), value));
  else Reflect.set(copy, key, value);
  return copy;
}
