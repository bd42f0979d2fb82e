/** Orders of a person at the machine of a pool, while no driver serves it: each is carried out, and the process ends. */
import { join } from "node:path";
import type { Adoption, Importation } from "../config/config.ts";
import { formatVolumeHandle } from "../csi/volume-handle.ts";
import { ChildPool } from "../host/child-pool.ts";
import { startChild } from "../host/direct-io.ts";
import { ensureDirectories } from "../host/files.ts";
import { assertNever } from "../lib/assert-never.ts";
import { AgentState } from "../target-agent/agent-state.ts";
import { NvmetConfigfs } from "../target-agent/configfs.ts";
import { Exporter } from "../target-agent/exporter.ts";
import { importVolume } from "../target-agent/import-volume.ts";
import { lockMachine } from "../target-agent/machine-lock.ts";
import { Pool, type PoolHost } from "../target-agent/pool.ts";
import { Ports } from "../target-agent/ports.ts";
import { openPools, placeOf } from "./pools.ts";

/** What to tell the person. */
export async function carryOut(order: Adoption | Importation, signal: AbortSignal): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const stateDirectory = join(order.stateDir, "agent");
  await ensureDirectories(stateDirectory);
  // The driver of this machine does not run meanwhile.
  stack.use(await lockMachine(new NvmetConfigfs().root, signal));
  const host = { machine: order.nodeName, stateDirectory };
  switch (order.order) {
    case "adopt":
      return await adopt(order, { host, stack }, signal);
    case "import":
      return await importInto(order, { host, stack }, signal);
    default:
      return assertNever(order);
  }
}

interface Context {
  readonly host: PoolHost;
  readonly stack: AsyncDisposableStack;
}

async function adopt({ pool }: Adoption, { host, stack }: Context, signal: AbortSignal): Promise<string> {
  const place = await placeOf(pool, { host, groups: new Map(), stack }, signal);
  const { from } = await Pool.adopt(place, host);
  return `pool ${pool.name} belongs to ${host.machine} now; it belonged to ${from}`;
}

async function importInto(
  { pool: settings, clusterId: cluster, name, original }: Importation,
  { host, stack }: Context,
  signal: AbortSignal,
): Promise<string> {
  const children = stack.use(new ChildPool({ start: startChild }));
  const [opened] = await openPools([settings], { host, children, stack }, signal);
  if (opened === undefined) throw new Error("BUG: no pool was opened");
  const configfs = new NvmetConfigfs();
  const exporter = new Exporter({ configfs, cluster, ports: new Ports({ configfs, cluster, portals: [] }) });
  const { watermarkPercent } = settings;
  const state = new AgentState({ ...opened, cluster, exporter, watermarkPercent, now: () => new Date() });
  const { id, size, type } = await importVolume(state, { name, original }, signal);
  const handle = formatVolumeHandle({ backend: "nvmet", volume: id });
  return `${handle} is a copy of ${original}: ${type}, ${size} bytes`;
}
