/**
 * The composition root: what each mode serves. Everything is started before the socket opens, so that no request is
 * answered by a driver that is not ready (V42).
 */
import { assertNever } from "../lib/assert-never.ts";
import type { Backend } from "../backends/backend.ts";
import type { Config } from "../config/config.ts";
import type { HandleOf } from "../csi/call.ts";
import type { FailureNews } from "../csi/interceptors/failure-events.ts";
import { identityService } from "../csi/identity-service.ts";
import type { Rpcs } from "../csi/rpcs.ts";
import { createCsiServer, type CsiServices } from "../csi/server.ts";
import { formatSnapshotGroupHandle, formatSnapshotHandle, formatVolumeHandle } from "../csi/volume-handle.ts";
import { snapshotGroupIdOf, snapshotIdOf, volumeIdOf } from "../domain/identity.ts";
import { ChildPool, type Children } from "../host/child-pool.ts";
import { startChild } from "../host/direct-io.ts";
import { connectCluster } from "../kubernetes/index.ts";
import { createLogger, type Logger } from "../observability/logger.ts";
import { attendKubelet } from "./attend-kubelet.ts";
import { openBackend } from "./backend.ts";
import { ClaimWarnings } from "./claim-warnings.ts";
import { clusterIdOf } from "./cluster.ts";
import { controllerServices } from "./controller-rpcs.ts";
import { serve } from "./lifecycle.ts";
import { nodeRpcs } from "./node-rpcs.ts";
import { openNodeState } from "./node-state.ts";
import type { Settings } from "./settings.ts";
import { version } from "./version.ts";

interface Parts {
  readonly services: CsiServices;
  readonly backend?: Backend;
}

/** Serves in the configured mode until `stop` fires. */
export async function run(config: Config, stop: AbortSignal): Promise<void> {
  const logger = createLogger({ level: config.logLevel, mode: config.mode });
  await using stack = new AsyncDisposableStack();
  const cluster = config.kubernetes ? await connectCluster() : undefined;
  const settings = { ...config, clusterId: await clusterIdOf(config, cluster, { logger, signal: stop }) };
  const children = stack.use(new ChildPool({ start: startChild }));
  const { services, backend } = await partsOf(settings, logger, children, stack, stop);
  const warnings = cluster && backend && new ClaimWarnings({ cluster, backend, logger });
  const onFailure = (news: FailureNews) => warnings?.tell(news);
  const server = createCsiServer({ logger, lockKey: lockKeyOf(settings), services, onFailure });
  await serve(server, config.csiEndpoint, {
    stop,
    onListening: () => {
      logger.info({ version, endpoint: config.csiEndpoint, backend: config.backend }, "serving");
      stack.use(attendKubelet(config, { backend, logger, stop }));
    },
  });
  logger.info("stopped");
}

async function partsOf(
  settings: Settings,
  logger: Logger,
  children: Children,
  stack: AsyncDisposableStack,
  stop: AbortSignal,
): Promise<Parts> {
  switch (settings.mode) {
    case "all-in-one": {
      const backend = await openBackend(settings, logger, children, stack, stop);
      const state = await openNodeState(settings);
      const controller = controllerServices(settings, backend, state);
      const node = nodeRpcs(settings, { state, children, backend });
      return {
        backend,
        services: { ...identity(settings, backend), ...controller, "csi.v1.Node": node },
      };
    }
    case "controller": {
      const backend = await openBackend(settings, logger, children, stack, stop);
      return { backend, services: { ...identity(settings, backend), ...controllerServices(settings, backend) } };
    }
    case "node": {
      const node = nodeRpcs(settings, { state: await openNodeState(settings), children });
      return { services: { ...identity(settings, undefined), "csi.v1.Node": node } };
    }
    default:
      return assertNever(settings.mode);
  }
}

/** A node without a back end of its own can serve whenever it runs. */
function identity(
  { topology, pools }: Settings,
  backend: Backend | undefined,
): { readonly "csi.v1.Identity": Rpcs<"csi.v1.Identity"> } {
  const probe = async (signal: AbortSignal) => backend?.probe(signal);
  const hasTopology = topology !== undefined || pools.some((pool) => Object.keys(pool.topology).length > 0);
  const abilities = { hasTopology, hasGroups: backend?.groups !== undefined };
  return { "csi.v1.Identity": identityService({ version, probe, abilities }) };
}

/** What is being made is locked by the id it will have. */
function lockKeyOf({ backend, clusterId }: Settings): HandleOf {
  return ({ method, subject }) => {
    if (method === "CreateVolume") return formatVolumeHandle({ backend, volume: volumeIdOf(clusterId, subject) });
    if (method === "CreateSnapshot")
      return formatSnapshotHandle({ backend, snapshot: snapshotIdOf(clusterId, subject) });
    if (method !== "CreateVolumeGroupSnapshot") return subject;
    return formatSnapshotGroupHandle({ backend, group: snapshotGroupIdOf(clusterId, subject) });
  };
}
