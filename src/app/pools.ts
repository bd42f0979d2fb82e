/** Opens the configured pools: each with its records and what its volumes are made of. */
import { join } from "node:path";
import type { PoolSettings } from "../domain/pool-settings.ts";
import type { Children } from "../host/child-pool.ts";
import { exec } from "../host/exec.ts";
import { FileLayer } from "../target-agent/layers/file-layer.ts";
import type { VolumeLayer } from "../target-agent/layers/layer.ts";
import { LvmThinLayer } from "../target-agent/layers/lvm-thin-layer.ts";
import { mountRecords, recordsName } from "../target-agent/layers/records-volume.ts";
import { VolumeGroup } from "../target-agent/layers/volume-group.ts";
import { Pool, type PoolHost, type PoolPlace } from "../target-agent/pool.ts";

export interface OpenPool {
  readonly settings: PoolSettings;
  readonly pool: Pool;
  readonly layer: VolumeLayer;
}

/** One object for each group: commands on a group run one at a time. */
type Groups = Map<string, VolumeGroup>;

export interface PoolHolders {
  readonly host: PoolHost;
  readonly children: Children;
  /** What the pools hold is released through it. */
  readonly stack: AsyncDisposableStack;
}

/** In the order of the configuration. */
export async function openPools(
  all: readonly PoolSettings[],
  holders: PoolHolders,
  signal: AbortSignal,
): Promise<readonly OpenPool[]> {
  const groups: Groups = new Map();
  const opened: OpenPool[] = [];
  for (const settings of all) opened.push(await openPool(settings, { ...holders, groups }, signal));
  return opened;
}

interface OpenContext extends PoolHolders {
  readonly groups: Groups;
}

async function openPool(settings: PoolSettings, context: OpenContext, signal: AbortSignal): Promise<OpenPool> {
  const pool = await Pool.open(await placeOf(settings, context, signal), context.host);
  const { overcommitPercent } = settings;
  const limits = { exec, children: context.children, overcommitPercent: BigInt(overcommitPercent) };
  if (settings.layer === "file") {
    return { settings, pool, layer: new FileLayer({ directory: pool.path, ...limits }) };
  }
  const { volumeGroup, thinPool } = settings;
  const deps = { group: groupOf(context.groups, volumeGroup), thinPool, ...limits };
  return { settings, pool, layer: await LvmThinLayer.open(deps, pool.madeIds(), signal) };
}

/** Where the records of a pool are, from now on until `stack` ends. */
export async function placeOf(
  settings: PoolSettings,
  { host, groups, stack }: Pick<OpenContext, "host" | "groups" | "stack">,
  signal: AbortSignal,
): Promise<PoolPlace> {
  const { name, layer } = settings;
  if (settings.layer === "file") return { name, layer, path: settings.path };
  const at = join(host.stateDirectory, "records", name);
  const group = groupOf(groups, settings.volumeGroup);
  stack.use(await mountRecords({ group, name: recordsName(settings.thinPool), at }, exec, signal));
  return { name, layer, path: at };
}

function groupOf(groups: Groups, name: string): VolumeGroup {
  const found = groups.get(name) ?? new VolumeGroup({ name, exec });
  groups.set(name, found);
  return found;
}
