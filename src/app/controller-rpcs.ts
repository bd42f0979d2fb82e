/** The controller side: services over the configured back end. */
import type { Backend } from "../backends/backend.ts";
import type { Config } from "../config/config.ts";
import { controllerService } from "../csi/controller-service.ts";
import type { Rpcs } from "../csi/rpcs.ts";
import { Attachments } from "../services/attachment.ts";
import { Provisioning } from "../services/provisioning.ts";

export function controllerRpcs(config: Config, backend: Backend): Rpcs<"csi.v1.Controller"> {
  const provisioning = new Provisioning({ backend, cluster: config.clusterId });
  return controllerService({ backend: backend.name, provisioning, attachments: new Attachments({ backend }) });
}
