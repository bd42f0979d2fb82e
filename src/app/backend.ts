/** Opens the configured back end: the only place that knows which classes it is made of. */
import { join } from "node:path";
import type { Backend } from "../backends/backend.ts";
import { MemoryBackend } from "../backends/memory/memory-backend.ts";
import { NvmetBackend } from "../backends/nvmet/nvmet-backend.ts";
import { TiB } from "../domain/capacity.ts";
import { messageOf } from "../domain/errors.ts";
import type { Children } from "../host/child-pool.ts";
import { exec } from "../host/exec.ts";
import { ensureDirectories } from "../host/files.ts";
import { assertNever } from "../lib/assert-never.ts";
import type { Logger } from "../observability/logger.ts";
import { NvmetConfigfs } from "../target-agent/configfs.ts";
import { Exporter } from "../target-agent/exporter.ts";
import { ListenerGate } from "../target-agent/listener-gate.ts";
import { lockMachine } from "../target-agent/machine-lock.ts";
import { PooledAgents } from "../target-agent/pooled-agents.ts";
import { Ports } from "../target-agent/ports.ts";
import type { TargetAgentDeps } from "../target-agent/agent-state.ts";
import type { VolumeRecord } from "../target-agent/volume-record.ts";
import { restoreExports } from "../target-agent/restore.ts";
import { TargetAgent } from "../target-agent/target-agent.ts";
import { keepUp } from "../target-agent/upkeep.ts";
import { adminSocket, serveOrders } from "./pool-orders.ts";
import { openPools, type OpenPool } from "./pools.ts";
import type { Settings } from "./settings.ts";

/** The end of a process has 5 s in all. */
const closeMs = 500;

/** A back end that serves; what it holds is released through `stack`. */
export async function openBackend(
  config: Settings,
  logger: Logger,
  children: Children,
  stack: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Backend> {
  switch (config.backend) {
    case "memory":
      return new MemoryBackend({ total: 16n * TiB, cluster: config.clusterId });
    case "nvmet":
      return new NvmetBackend({ agent: await startAgent(config, logger, children, stack, signal) });
    default:
      return assertNever(config.backend);
  }
}

async function startAgent(
  config: Settings,
  logger: Logger,
  children: Children,
  stack: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<PooledAgents> {
  const { clusterId: cluster, portals } = config;
  const stateDirectory = join(config.stateDir, "agent");
  await ensureDirectories(stateDirectory);
  const configfs = new NvmetConfigfs();
  stack.use(await lockMachine(configfs.root, signal));
  const host = { machine: config.nodeName, stateDirectory };
  const pools = await openPools(config.pools, { host, children, stack }, signal);
  const ports = new Ports({ configfs, cluster, portals });
  const exporter = new Exporter({ configfs, cluster, ports });
  const onErased = ({ id, name }: VolumeRecord) => logger.info({ volume: id, name }, "a deleted volume is erased");
  const agent = pooledAgents(pools, { cluster, exporter, onErased });
  stack.defer(async () => ports.close(AbortSignal.timeout(closeMs)));
  const report = await restoreExports({ agent, exporter, gate: new ListenerGate({ exec, portals }) }, signal);
  logger.info(report, "exports restored");

  const ending = new AbortController();
  const onError = (error: unknown) => logger.error({ err: error }, "cannot look after a volume");
  const upkeep = keepUp({ agent, exporter }, { signal: ending.signal, onError });
  stack.defer(async () => {
    ending.abort();
    await upkeep;
  });
  const orders = await serveOrders(adminSocket(config.stateDir), agent).catch((error: unknown) => {
    logger.error({ reason: messageOf(error) }, "cannot take orders of a person");
  });
  if (orders !== undefined) stack.use(orders);
  return agent;
}

/** One agent for each pool, and all of them behind one. */
export function pooledAgents(
  pools: readonly OpenPool[],
  deps: Pick<TargetAgentDeps, "cluster" | "exporter" | "onErased">,
): PooledAgents {
  return new PooledAgents(new Map(pools.map((opened) => agentOf(opened, deps))));
}

function agentOf(
  { settings, pool, layer }: OpenPool,
  deps: Pick<TargetAgentDeps, "cluster" | "exporter" | "onErased">,
): readonly [string, TargetAgent] {
  const { name, watermarkPercent, deletionGraceMinutes, topology: place } = settings;
  const limits = { watermarkPercent, deletionGraceMinutes };
  return [name, new TargetAgent({ ...deps, pool, layer, ...limits, place, now: () => new Date() })];
}
