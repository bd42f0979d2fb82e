/** `adopt POOL`: this machine serves a pool from now on that another one served before, with all its volumes. */
import { join } from "node:path";
import type { Adoption } from "../config/config.ts";
import { ensureDirectories } from "../host/files.ts";
import { NvmetConfigfs } from "../target-agent/configfs.ts";
import { lockMachine } from "../target-agent/machine-lock.ts";
import { Pool } from "../target-agent/pool.ts";
import { placeOf } from "./pools.ts";

/** What to tell the person who asked. */
export async function adopt({ pool, stateDir, nodeName }: Adoption, signal: AbortSignal): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const stateDirectory = join(stateDir, "agent");
  await ensureDirectories(stateDirectory);
  // The driver of this machine does not run meanwhile.
  stack.use(await lockMachine(new NvmetConfigfs().root, signal));
  const host = { machine: nodeName, stateDirectory };
  const place = await placeOf(pool, { host, groups: new Map(), stack }, signal);
  const { from } = await Pool.adopt(place, host);
  return `pool ${pool.name} belongs to ${nodeName} now; it belonged to ${from}`;
}
