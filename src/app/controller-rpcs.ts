/** The controller side: services over the configured back end. */
import type { Backend } from "../backends/backend.ts";
import { controllerService } from "../csi/controller-service.ts";
import type { Rpcs } from "../csi/rpcs.ts";
import { Attachments } from "../services/attachment.ts";
import { Provisioning } from "../services/provisioning.ts";
import { Snapshots } from "../services/snapshots.ts";
import type { NodeState } from "./node-state.ts";
import type { Settings } from "./settings.ts";

/** `node` is the state of the node service in this process, if any: its format marks end with the publications. */
export function controllerRpcs(config: Settings, backend: Backend, node?: NodeState): Rpcs<"csi.v1.Controller"> {
  const provisioning = new Provisioning({ backend, cluster: config.clusterId });
  const { maxVolumes } = config;
  const attachments = new Attachments({ backend, maxVolumes, ...(node && { marks: node.marks }) });
  const snapshots = new Snapshots({ backend, cluster: config.clusterId });
  return controllerService({ backend: backend.name, provisioning, attachments, snapshots });
}
