/** What a kubelet wants beside CSI: a registration and a health check, for as long as the driver serves. */
import type { Backend } from "../backends/backend.ts";
import type { Config } from "../config/config.ts";
import { messageOf } from "../domain/errors.ts";
import { serveHealth } from "../kubelet/health.ts";
import { keepRegistered } from "../kubelet/registration.ts";
import type { Logger } from "../observability/logger.ts";

export function attendKubelet(
  { registrationDir, healthEndpoint, csiEndpoint }: Config,
  {
    backend,
    logger,
    stop,
  }: { readonly backend: Backend | undefined; readonly logger: Logger; readonly stop: AbortSignal },
): AsyncDisposable {
  const onOutcome = (error: unknown) => {
    if (error === undefined) logger.info("registered with the kubelet");
    else logger.warn({ reason: messageOf(error) }, "cannot register with the kubelet");
  };
  const registration =
    registrationDir === undefined
      ? undefined
      : keepRegistered({ directory: registrationDir, endpoint: csiEndpoint, signal: stop, onOutcome });
  const probe = async (signal: AbortSignal) => backend?.probe(signal);
  const health = healthEndpoint && serveHealth(healthEndpoint, probe);
  health?.catch((error: unknown) => logger.error({ reason: messageOf(error) }, "cannot serve the health check"));
  return {
    async [Symbol.asyncDispose]() {
      await registration;
      await (await health?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}
