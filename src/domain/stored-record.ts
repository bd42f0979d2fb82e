/**
 * Records on disk: JSON with a schema version. What cannot be read is refused with the file named, never guessed at and
 * never overwritten; a newer schema is refused with both versions named.
 */
import * as z from "zod";
import { failure } from "./errors.ts";

const versioned = z.object({ schema: z.int() });

/** Parses the text of `file`; throws a precondition error that names it. `known` is the schema this version reads. */
export function parseStored<Schema extends z.ZodType>(
  file: string,
  text: string,
  { known, schema }: { readonly known: number; readonly schema: Schema },
): z.infer<Schema> {
  const cannot = `read ${file}`;
  const json = parseJson(text, cannot);
  const version = versioned.safeParse(json);
  if (version.success && version.data.schema > known) {
    const rule = `this version of the driver reads schema ${known} and older`;
    throw failure("precondition", { cannot, rule, got: version.data.schema });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw failure("precondition", { cannot, rule: z.prettifyError(parsed.error) });
}

function parseJson(text: string, cannot: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw failure("precondition", { cannot, rule: "it must be JSON", got: text, cause });
  }
}
