/**
 * The publish_context: what ControllerPublishVolume tells the node, as a map of short texts (4 KiB at most).
 *
 *   schema "1" · epoch "3" · portals "192.0.2.1:4420,[2001:db8::1]:4420" · size "1073741824" · access "read-write"
 *   blankSizes "1073741824" · content "blank" or "present" · contentType "ext4" · contentUuid "…"
 *   sharing "readers" or "writers", when other nodes may have the volume too
 *
 * A newer schema is refused with both versions named. No secret is in it: it is stored where many can read it.
 */
import * as z from "zod";
import { largestSize, smallestSize } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import type { Attachment, Portal } from "../domain/model.ts";
import { formatPortal, parsePortal } from "../domain/portal.ts";

const schema = "1";
/** Sizes that fit into the 4 KiB of a map, with room for the rest. */
const mostSizes = 128;

export function encodeAttachment(attachment: Attachment): Record<string, string> {
  const { epoch, portals, size, blankSizes, content, access, sharing } = attachment;
  return {
    schema,
    epoch: String(epoch),
    portals: portals.map(formatPortal).join(","),
    size: String(size),
    blankSizes: blankSizes.join(","),
    access,
    ...(sharing !== undefined && { sharing }),
    content: content.state,
    ...(content.state === "present" && { contentType: content.type }),
    ...(content.state === "present" && content.uuid !== undefined && { contentUuid: content.uuid }),
  };
}

const text = z.string("must be set");
const decimal = text.regex(/^\d{1,20}$/, "must be a decimal number");
const bytes = decimal
  .transform(BigInt)
  .refine((size) => size >= smallestSize && size <= largestSize, `must lie between ${smallestSize} and ${largestSize}`);
const epochRule = "must be a number from 1 on that a double holds exactly";
const context = z.object({
  epoch: decimal.transform(Number).pipe(z.int(epochRule).min(1, epochRule)),
  portals: text
    .transform((text) => text.split(",").map(parsePortal))
    .pipe(z.array(z.custom<Portal>((portal) => portal !== undefined, "must be address:port,…")).min(1)),
  size: bytes,
  blankSizes: text
    .transform((text) => (text === "" ? [] : text.split(",")))
    .pipe(z.array(bytes).max(mostSizes, `must name at most ${mostSizes} sizes`)),
  access: z.enum(["read-write", "read-only"], "must be read-write or read-only"),
  sharing: z.enum(["readers", "writers"], "must be readers or writers").exactOptional(),
  content: z.enum(["blank", "present"], "must be blank or present"),
  contentType: z.string().exactOptional(),
  contentUuid: z.string().exactOptional(),
});

/** Reads a publish_context; an invalid_argument error names the first key that is wrong. */
export function decodeAttachment(map: Readonly<Record<string, string>>): Attachment {
  const cannot = "read the publish_context";
  if (map["schema"] !== schema) {
    const rule = `publish_context.schema must be ${schema}, the version this driver reads`;
    throw failure("invalid_argument", { cannot, rule, got: map["schema"] ?? "nothing" });
  }
  const parsed = context.safeParse(map);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const key = String(issue?.path[0] ?? "");
    const rule = `publish_context.${key} ${issue?.message ?? "is invalid"}`;
    throw failure("invalid_argument", { cannot, rule, got: map[key] ?? "nothing" });
  }
  const { contentType, contentUuid, content, ...rest } = parsed.data;
  if (content === "blank") return { ...rest, content: { state: "blank" } };
  const type = contentType ?? "unknown";
  return {
    ...rest,
    content: contentUuid === undefined ? { state: content, type } : { state: content, type, uuid: contentUuid },
  };
}
