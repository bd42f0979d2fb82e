/** Pages on the wire: a list token is the last id of the page before. */
import * as z from "zod";
import { failure } from "../domain/errors.ts";

export const listRequest = z.object({
  max_entries: z.int().min(0, "must not be negative"),
  starting_token: z.string(),
});

/** 0 entries means all of them. A token that is no id of its kind is one that this driver did not give out. */
export function pageRequest<Id extends string>(
  { max_entries: limit, starting_token: token }: z.output<typeof listRequest>,
  parse: (token: string) => Id | undefined,
): { readonly after?: Id; readonly limit?: number } {
  const after = token === "" ? undefined : parse(token);
  if (token !== "" && after === undefined) {
    const rule = "starting_token must be a next_token of this driver";
    throw failure("bad_token", { cannot: "continue the list", rule, got: token });
  }
  return { ...(after !== undefined && { after }), ...(limit !== 0 && { limit }) };
}
