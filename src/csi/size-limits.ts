/**
 * The size limits of the CSI specification, checked for every request by walking its message type: strings 128 bytes,
 * maps 4 KiB in all, mount_flags 4 KiB in all, paths what the operating system takes, node ids 256 bytes.
 */
import { failure } from "../domain/errors.ts";
import { csiMessages, type CsiField, type CsiMessageName } from "../gen/csi-fields.ts";

const stringLimit = 128;
const listLimit = 4096;
/** PATH_MAX of Linux with its terminating NUL. */
const pathLimit = 4095;
const otherLimits: ReadonlyMap<string, number> = new Map([
  ["staging_target_path", pathLimit],
  ["target_path", pathLimit],
  ["volume_path", pathLimit],
  ["node_id", 256],
]);

/** Throws an invalid_argument error that names the first field that is too large. */
export function checkSizes(method: string, type: CsiMessageName, message: object, path = ""): void {
  const values = new Map<string, unknown>(Object.entries(message));
  for (const field of csiMessages[type]) {
    const value = values.get(field.name);
    if (value === undefined || value === null) continue;
    checkField(method, field, value, path + field.name);
  }
}

function checkField(method: string, field: CsiField, value: unknown, path: string): void {
  if (field.kind === "message") {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const item of items) {
      if (typeof item === "object" && item !== null) checkSizes(method, field.type, item, `${path}.`);
    }
  } else if (field.kind === "map" || (field.kind === "string" && field.repeated)) {
    const texts = textsOf(value);
    assertSize(
      method,
      path,
      texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
      listLimit,
    );
  } else if (field.kind === "string" && typeof value === "string") {
    assertSize(method, path, Buffer.byteLength(value), otherLimits.get(field.name) ?? stringLimit);
  }
}

function textsOf(value: unknown): readonly string[] {
  const parts: readonly unknown[] = Array.isArray(value) ? value : Object.entries(value ?? {}).flat();
  return parts.filter((part) => typeof part === "string");
}

function assertSize(method: string, path: string, size: number, limit: number): void {
  if (size <= limit) return;
  const rule = `${path} must not be larger than ${limit} bytes`;
  throw failure("invalid_argument", { cannot: `serve ${method}`, rule, got: `${size} bytes` });
}
