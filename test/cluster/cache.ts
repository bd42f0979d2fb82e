/** Things of the test cluster that take minutes to make, each a folder in the user's cache; lab/cache.ts has the rules. */
import { mkdir } from "node:fs/promises";
import { findOrMake } from "../lab/cache.ts";
import type { Make } from "../lab/cache.ts";

interface Kind {
  readonly name: string;
  /** How many stay, by the time of their last use. */
  readonly keep: number;
}

/** The folder `name` among its kind. When the cache has none, `fill` gets an empty one, and a folder to work in. */
export async function cached(kind: Kind, name: string, fill: Make, signal: AbortSignal): Promise<string> {
  const make: Make = async (made, work) => {
    await mkdir(made);
    await fill(made, work);
  };
  return findOrMake(`cluster/${kind.name}`, { name, make, keep: kind.keep }, signal);
}
