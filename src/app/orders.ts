/**
 * Orders of a person at the machine of a pool: each is carried out, and the process ends. A driver that serves the pool
 * carries out those that it can itself; else nothing else of this machine owns the pool meanwhile.
 */
import { join } from "node:path";
import type { Adoption, PoolOrder } from "../config/order.ts";
import { settingsOf } from "../config/order.ts";
import { namesOf } from "../config/config.ts";
import { wrongConfig } from "../config/sources.ts";
import { formatVolumeHandle, parseHandleOf } from "../csi/volume-handle.ts";
import { failure } from "../domain/errors.ts";
import { parseVolumeId, type VolumeId } from "../domain/identity.ts";
import { ChildPool } from "../host/child-pool.ts";
import { startChild } from "../host/direct-io.ts";
import { ensureDirectories } from "../host/files.ts";
import { answers } from "../host/unix-socket.ts";
import { assertNever } from "../lib/assert-never.ts";
import { NvmetConfigfs } from "../target-agent/configfs.ts";
import { Exporter } from "../target-agent/exporter.ts";
import { lockMachine } from "../target-agent/machine-lock.ts";
import { Pool, type PoolHost } from "../target-agent/pool.ts";
import { Ports } from "../target-agent/ports.ts";
import { pooledAgents } from "./backend.ts";
import { rememberedCluster } from "./cluster.ts";
import { adminSocket, ordersOver, type PoolOrders } from "./pool-orders.ts";
import { openPools, placeOf } from "./pools.ts";

const backend = "nvmet";

/** What to tell the person. */
export async function carryOut(order: Adoption | PoolOrder, signal: AbortSignal): Promise<string> {
  const socket = adminSocket(order.stateDir);
  const isServed = await answers(socket).catch(() => false);
  if (order.order !== "adopt" && isServed) return await give(order, ordersOver(socket), signal);
  await using stack = new AsyncDisposableStack();
  const stateDirectory = join(order.stateDir, "agent");
  await ensureDirectories(stateDirectory);
  // The driver of this machine does not run meanwhile.
  stack.use(await lockMachine(new NvmetConfigfs().root, signal));
  const host = { machine: order.nodeName, stateDirectory };
  if (order.order === "adopt") return await adopt(order, { host, stack }, signal);
  return await give(order, await ownPool(order, { host, stack }, signal), signal);
}

interface Context {
  readonly host: PoolHost;
  readonly stack: AsyncDisposableStack;
}

async function adopt(order: Adoption, { host, stack }: Context, signal: AbortSignal): Promise<string> {
  const pool = settingsOf(order);
  const place = await placeOf(pool, { host, groups: new Map(), stack }, signal);
  const { from } = await Pool.adopt(place, host);
  return `pool ${pool.name} belongs to ${host.machine} now; it belonged to ${from}`;
}

/** The pool of an order, opened by this process. */
async function ownPool(order: PoolOrder, { host, stack }: Context, signal: AbortSignal): Promise<PoolOrders> {
  const settings = settingsOf(order);
  const cluster = order.clusterId ?? (await rememberedCluster(order.stateDir));
  if (cluster === undefined) throw wrongConfig(`${namesOf("clusterId")} is required; got nothing`, undefined);
  const children = stack.use(new ChildPool({ start: startChild }));
  const pools = await openPools([settings], { host, children, stack }, signal);
  const configfs = new NvmetConfigfs();
  const exporter = new Exporter({ configfs, cluster, ports: new Ports({ configfs, cluster, portals: [] }) });
  return pooledAgents(pools, { cluster, exporter });
}

async function give(order: PoolOrder, pools: PoolOrders, signal: AbortSignal): Promise<string> {
  switch (order.order) {
    case "import": {
      const { name, original } = order;
      const { id, size, type } = await pools.import(order.pool, { name, original }, signal);
      return `${handleOf(id)} is a copy of ${original}: ${type}, ${size} bytes`;
    }
    case "undelete": {
      const { id, name, size } = await pools.undelete(order.pool, volumeIn(order.volume), signal);
      return `${handleOf(id)} is back: ${name}, ${size} bytes`;
    }
    case "deleted": {
      const found = await pools.deleted(order.pool, signal);
      const lines = found.map(({ id, name, size, deletedAt, until }) => {
        return `${handleOf(id)} ${name} ${size} ${deletedAt.toISOString()} ${until.toISOString()}`;
      });
      return ["volume_id name bytes deleted until", ...lines].join("\n");
    }
    default:
      return assertNever(order);
  }
}

function handleOf(volume: VolumeId): string {
  return formatVolumeHandle({ backend, volume });
}

/** A volume_id, or its second part alone. */
function volumeIn(text: string): VolumeId {
  const id = parseHandleOf(backend, text)?.volume ?? parseVolumeId(text);
  if (id !== undefined) return id;
  throw failure("invalid_argument", { cannot: "carry out the order", rule: "it must be a volume_id", got: text });
}
