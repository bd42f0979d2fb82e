/**
 * The composition root: what each mode serves. Everything is started before the socket opens, so that no request is
 * answered by a driver that is not ready (V42).
 */
import { assertNever } from "../lib/assert-never.ts";
import type { Backend } from "../backends/backend.ts";
import type { Config } from "../config/config.ts";
import { identityService } from "../csi/identity-service.ts";
import type { Rpcs } from "../csi/rpcs.ts";
import { createCsiServer, type CsiServices } from "../csi/server.ts";
import { formatVolumeHandle } from "../csi/volume-handle.ts";
import { volumeIdOf } from "../domain/identity.ts";
import { createLogger, type Logger } from "../observability/logger.ts";
import { openBackend } from "./backend.ts";
import { controllerRpcs } from "./controller-rpcs.ts";
import { serve } from "./lifecycle.ts";
import { nodeRpcs } from "./node-rpcs.ts";
import { openNodeState } from "./node-state.ts";
import { version } from "./version.ts";

/** Serves in the configured mode until `stop` fires. */
export async function run(config: Config, stop: AbortSignal): Promise<void> {
  const logger = createLogger({ level: config.logLevel, mode: config.mode });
  await using stack = new AsyncDisposableStack();
  const services = await servicesOf(config, logger, stack, stop);
  const server = createCsiServer({ logger, lockKey: lockKeyOf(config), services });
  await serve(server, config.csiEndpoint, {
    stop,
    onListening: () => logger.info({ version, endpoint: config.csiEndpoint, backend: config.backend }, "serving"),
  });
  logger.info("stopped");
}

async function servicesOf(
  config: Config,
  logger: Logger,
  stack: AsyncDisposableStack,
  stop: AbortSignal,
): Promise<CsiServices> {
  switch (config.mode) {
    case "all-in-one": {
      const backend = await openBackend(config, logger, stack, stop);
      const state = await openNodeState(config);
      const controller = controllerRpcs(config, backend, state);
      const node = nodeRpcs(config, state, backend);
      return { ...identity(backend), "csi.v1.Controller": controller, "csi.v1.Node": node };
    }
    case "controller": {
      const backend = await openBackend(config, logger, stack, stop);
      return { ...identity(backend), "csi.v1.Controller": controllerRpcs(config, backend) };
    }
    case "node":
      return { ...identity(undefined), "csi.v1.Node": nodeRpcs(config, await openNodeState(config), undefined) };
    default:
      return assertNever(config.mode);
  }
}

/** A node without a back end of its own can serve whenever it runs. */
function identity(backend: Backend | undefined): { readonly "csi.v1.Identity": Rpcs<"csi.v1.Identity"> } {
  const probe = async (signal: AbortSignal) => backend?.probe(signal);
  return { "csi.v1.Identity": identityService({ version, probe }) };
}

/** A volume that is being made is locked by the id it will have. */
function lockKeyOf({ backend, clusterId }: Config) {
  return ({ method, subject }: { readonly method: string; readonly subject: string }) =>
    method === "CreateVolume" ? formatVolumeHandle({ backend, volume: volumeIdOf(clusterId, subject) }) : subject;
}
