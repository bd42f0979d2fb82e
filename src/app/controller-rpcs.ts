/** The controller side: services over the configured back end. */
import type { Backend } from "../backends/backend.ts";
import { controllerService } from "../csi/controller-service.ts";
import { groupControllerService } from "../csi/group-controller-service.ts";
import type { CsiServices } from "../csi/server.ts";
import { Attachments } from "../services/attachment.ts";
import { Provisioning } from "../services/provisioning.ts";
import { SnapshotGroups } from "../services/snapshot-groups.ts";
import { Snapshots } from "../services/snapshots.ts";
import type { NodeState } from "./node-state.ts";
import type { Settings } from "./settings.ts";

/** `node` is the state of the node service in this process, if any: its format marks end with the publications. */
export function controllerServices(config: Settings, backend: Backend, node?: NodeState): CsiServices {
  const { maxVolumes, clusterId: cluster } = config;
  const { name, groups } = backend;
  const provisioning = new Provisioning({ backend, cluster });
  const attachments = new Attachments({ backend, maxVolumes, ...(node && { marks: node.marks }) });
  const snapshots = new Snapshots({ backend, cluster });
  const controller = controllerService({ backend: name, provisioning, attachments, snapshots });
  if (groups === undefined) return { "csi.v1.Controller": controller };
  const group = groupControllerService({ backend: name, groups: new SnapshotGroups({ groups, cluster }) });
  return { "csi.v1.Controller": controller, "csi.v1.GroupController": group };
}
