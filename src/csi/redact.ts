/**
 * Requests for the log and values for error texts, without secrets (R16): what the csi_secret option of the wire
 * definition marks is dropped before any logger or caller sees it, wherever it is nested.
 */
import { csiMessages, type CsiField, type CsiMessageName } from "../gen/csi-fields.ts";

export const stripped = "***stripped***";
/** The specification calls these sensitive without marking them. */
const sensitive = new Set(["mount_flags"]);
const secretNames = new Set(
  Object.values(csiMessages).flatMap((fields) => fields.filter(isSecret).map(({ name }) => name)),
);

function isSecret({ name, secret }: CsiField): boolean {
  return secret || sensitive.has(name);
}

/** Whether some message has a secret field of that name. */
export function isSecretName(name: string): boolean {
  return secretNames.has(name);
}

/** A copy of part of a request, of whatever type, with everything replaced that has the name of a secret field. */
export function hideSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideSecrets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, isSecretName(name) ? stripped : hideSecrets(part)]),
  );
}

/** A copy of a message of the named type with every secret field replaced. */
export function redact(type: CsiMessageName, message: object): Record<string, unknown> {
  const source = new Map<string, unknown>(Object.entries(message));
  const copy: Record<string, unknown> = {};
  for (const field of csiMessages[type]) {
    const value = source.get(field.name);
    if (value === undefined || value === null) continue;
    if (isSecret(field)) copy[field.name] = stripped;
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
