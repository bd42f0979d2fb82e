/**
 * Requests for the log, without secrets (R16): what the csi_secret option of the wire definition marks is dropped
 * before any logger sees it, wherever it is nested.
 */
import { csiMessages, type CsiMessageName } from "../gen/csi-fields.ts";

const stripped = "***stripped***";
/** The specification calls these sensitive without marking them. */
const sensitive = new Set(["mount_flags"]);

/** A copy of a message of the named type with every secret field replaced. */
export function redact(type: CsiMessageName, message: object): Record<string, unknown> {
  const source = new Map<string, unknown>(Object.entries(message));
  const copy: Record<string, unknown> = {};
  for (const field of csiMessages[type]) {
    const value = source.get(field.name);
    if (value === undefined || value === null) continue;
    if (field.secret || sensitive.has(field.name)) copy[field.name] = stripped;
    else if (field.kind !== "message") copy[field.name] = value;
    else
      copy[field.name] = Array.isArray(value)
        ? value.map((item) => nested(field.type, item))
        : nested(field.type, value);
  }
  return copy;
}

function nested(type: CsiMessageName, value: unknown): unknown {
  return typeof value === "object" && value !== null ? redact(type, value) : value;
}
