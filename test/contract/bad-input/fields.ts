/** The fields of a request type, from the wire definition: what the bad-input table has to have rows for. */
import { csiMessages, type CsiField, type CsiMessageName } from "../../../src/gen/csi-fields.ts";

export interface Place {
  /** With `0` for the one item of a list of messages: `volume_capabilities.0.mount.fs_type`. */
  readonly path: string;
  readonly field: CsiField;
}

/** Every field, however deep; what holds further fields comes before these. */
export function placesOf(type: CsiMessageName): readonly Place[] {
  return csiMessages[type].flatMap((field): readonly Place[] => {
    const place = { path: field.name, field };
    if (field.kind !== "message") return [place];
    const prefix = field.repeated ? `${field.name}.0` : field.name;
    return [place, ...placesOf(field.type).map((inner) => ({ ...inner, path: `${prefix}.${inner.path}` }))];
  });
}

/** Every field that holds no further fields. */
export function leavesOf(type: CsiMessageName): readonly Place[] {
  return placesOf(type).filter(({ field }) => field.kind !== "message" || csiMessages[field.type].length === 0);
}

/** What the specification allows a text or a map to take, or undefined where it sets no limit. */
export function limitOf({ kind, name, repeated }: CsiField): number | undefined {
  if (kind === "map" || (kind === "string" && repeated)) return 4096;
  if (kind !== "string") return undefined;
  if (name === "node_id") return 256;
  return name.endsWith("_path") ? 4095 : 128;
}

/** A value of exactly so many bytes. */
export function valueOfSize({ kind, name, repeated }: CsiField, size: number): unknown {
  if (kind === "map") return { key: "v".repeat(size - 3) };
  if (repeated) return ["v".repeat(size - 1), "v"];
  return name.endsWith("_path") ? `/${"p".repeat(size - 1)}` : "x".repeat(size);
}
