/**
 * The edge: requests become typed values here, once, or an invalid_argument error that names the field, the rule and
 * the value. Nothing behind this room sees a wire object.
 */
import { isAbsolute, normalize } from "node:path";
import * as z from "zod";
import { describeValue, failure } from "../domain/errors.ts";
import { parseMountOptions } from "../domain/mount-options.ts";
import { filesystemTypes, type Capability, type Usage } from "../domain/model.ts";
import { hideSecrets, isSecretName, stripped } from "./redact.ts";

/** Parses a request with a schema; the first issue becomes the error. Secret fields are not quoted. */
export function decode<Schema extends z.ZodType>(method: string, schema: Schema, request: object): z.infer<Schema> {
  const parsed = schema.safeParse(request);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path ?? [];
  const place = path.length === 0 ? "the request" : path.map(describeKey).join(".");
  const rule = `${place} ${issue?.message ?? "is invalid"}`;
  throw failure("invalid_argument", { cannot: `serve ${method}`, rule, got: hideSecrets(valueAt(request, path)) });
}

/** A key of a map comes from the request and may be anything. */
function describeKey(key: PropertyKey): string {
  const text = String(key);
  return /^[\w./-]{1,128}$/.test(text) ? text : describeValue(text);
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (isSecretName(String(key))) return stripped;
    value = typeof value === "object" && value !== null ? (Reflect.get(value, key) as unknown) : undefined;
  }
  return value ?? null;
}

const control = /\p{Cc}/u;

/** A text that must be there, without control characters. */
export const required = z
  .string()
  .min(1, "must not be empty")
  .refine((text) => !control.test(text), "must not contain control characters");

/** An absolute path in its shortest form: no "..", no "//", no trailing "/", no control characters. */
export const absolutePath = required
  .refine((path) => isAbsolute(path), "must be an absolute path")
  .refine((path) => normalize(path) === path && path !== "/" && !path.endsWith("/"), "must be a normalized path");

/** Such a path, or undefined for the empty text. */
export const optionalPath = z.preprocess((path) => (path === "" ? undefined : path), absolutePath.optional());

export const stringMap = z.record(z.string(), z.string());

/** The own entries of a map; `faultOf` says what is wrong with one, and that becomes an issue with its key. */
export function ownEntries(
  isOwn: (key: string) => boolean,
  faultOf: (key: string, value: string) => string | undefined,
) {
  return stringMap.transform((map, context): unknown => {
    const own = Object.entries(map).filter(([key]) => isOwn(key));
    for (const [key, value] of own) {
      const message = faultOf(key, value);
      if (message !== undefined) context.addIssue({ code: "custom", message, path: [key] });
    }
    return Object.fromEntries(own);
  });
}

export const int64 = z.string().transform(BigInt);

const wireRange = z.object({ required_bytes: int64, limit_bytes: int64 }, "must be set");
const toRange = (range: z.output<typeof wireRange> | null) => ({
  required: range?.required_bytes ?? 0n,
  limit: range?.limit_bytes ?? 0n,
});
export const capacityRange = wireRange.nullable().transform(toRange);
/** One that must be given. */
export const requiredCapacityRange = wireRange.transform(toRange);

/** The access modes that this driver serves. */
const servedModes: Readonly<Record<string, Omit<Capability, "usage">>> = {
  SINGLE_NODE_WRITER: { access: "read-write", isForOnePod: false },
  SINGLE_NODE_SINGLE_WRITER: { access: "read-write", isForOnePod: true },
  SINGLE_NODE_MULTI_WRITER: { access: "read-write", isForOnePod: false },
  SINGLE_NODE_READER_ONLY: { access: "read-only", isForOnePod: false },
  MULTI_NODE_READER_ONLY: { access: "read-only", sharing: "readers", isForOnePod: false },
  MULTI_NODE_MULTI_WRITER: { access: "read-write", sharing: "writers", isForOnePod: false },
};
const modeRule = `must be ${Object.keys(servedModes).join(" or ")}`;
/** None of the file systems here stands two kernels that write it. */
const rawRule =
  "must not let several nodes write a file system: ask for raw block, share a snapshot's copy as ReadOnlyMany, " +
  "or put a file server on a ReadWriteOnce volume";

const wireCapability = z.object({
  access_mode: z.object({ mode: z.union([z.string(), z.number()]) }, "must be set").nullable(),
  access_type: z.enum(["mount", "block"]).optional(),
  mount: z.object({ fs_type: z.string(), mount_flags: z.array(z.string()), volume_mount_group: z.string() }).nullish(),
  block: z.object({}).nullish(),
});

type WireCapability = z.output<typeof wireCapability>;
type Refuse = (message: string, ...path: string[]) => never;

function usageOf({ mount, block }: WireCapability, refuse: Refuse): Usage {
  if (mount && block) return refuse("must be either mount or block");
  if (block) return { kind: "block" };
  if (!mount) return refuse("must have mount or block set");
  const type = filesystemTypes.find((name) => name === (mount.fs_type || "ext4"));
  if (type === undefined) return refuse(`must be ${filesystemTypes.join(" or ")}`, "mount", "fs_type");
  if (mount.volume_mount_group !== "") return refuse("must be empty: not supported", "mount", "volume_mount_group");
  return { kind: "filesystem", type, options: parseMountOptions(type, mount.mount_flags) };
}

/** A volume capability, or the reason why it cannot be served. */
export const capability = wireCapability.transform((wire, context): Capability => {
  const refuse: Refuse = (message, ...path) => {
    context.addIssue({ code: "custom", message, path });
    return z.NEVER;
  };
  if (wire.access_mode === null) return refuse("must be set", "access_mode");
  const mode = servedModes[String(wire.access_mode.mode)];
  if (mode === undefined) return refuse(modeRule, "access_mode", "mode");
  const usage = usageOf(wire, refuse);
  if (mode.sharing === "writers" && usage.kind !== "block") return refuse(rawRule, "access_mode", "mode");
  return { usage, ...mode };
});

/** A capability that must be given. */
export const requiredCapability = z
  .unknown()
  .refine((value) => value !== null && value !== undefined, "must be set")
  .pipe(capability);

/** Capabilities of a new volume: at least one. */
export const capabilities = z.array(capability).min(1, "must name at least one capability");
