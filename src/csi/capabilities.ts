/** What each service advertises: one table. */
import type { ControllerGetCapabilitiesResponse } from "../gen/csi/v1/ControllerGetCapabilitiesResponse.ts";
import type { NodeGetCapabilitiesResponse } from "../gen/csi/v1/NodeGetCapabilitiesResponse.ts";
import type { GroupControllerGetCapabilitiesResponse } from "../gen/csi/v1/GroupControllerGetCapabilitiesResponse.ts";
import type { GetPluginCapabilitiesResponse } from "../gen/csi/v1/GetPluginCapabilitiesResponse.ts";

const controllerRpcs = [
  "CREATE_DELETE_VOLUME",
  "PUBLISH_UNPUBLISH_VOLUME",
  "LIST_VOLUMES",
  "LIST_VOLUMES_PUBLISHED_NODES",
  "GET_CAPACITY",
  "GET_VOLUME",
  "CREATE_DELETE_SNAPSHOT",
  "LIST_SNAPSHOTS",
  "GET_SNAPSHOT",
  "CLONE_VOLUME",
  "EXPAND_VOLUME",
  "PUBLISH_READONLY",
  "SINGLE_NODE_MULTI_WRITER",
  "VOLUME_CONDITION",
] as const;

const nodeRpcs = [
  "STAGE_UNSTAGE_VOLUME",
  "GET_VOLUME_STATS",
  "EXPAND_VOLUME",
  "SINGLE_NODE_MULTI_WRITER",
  "VOLUME_CONDITION",
] as const;

export const controllerCapabilities: ControllerGetCapabilitiesResponse = {
  capabilities: controllerRpcs.map((type) => ({ rpc: { type } })),
};

export const nodeCapabilities: NodeGetCapabilitiesResponse = {
  capabilities: nodeRpcs.map((type) => ({ rpc: { type } })),
};

export const groupCapabilities: GroupControllerGetCapabilitiesResponse = {
  capabilities: [{ rpc: { type: "CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT" } }],
};

const controllerService = { service: { type: "CONTROLLER_SERVICE" } } as const;
const groupController = { service: { type: "GROUP_CONTROLLER_SERVICE" } } as const;
const constraints = { service: { type: "VOLUME_ACCESSIBILITY_CONSTRAINTS" } } as const;

export interface PluginAbilities {
  /** Whether it matters where a node is: some pool, or this node, is at a place of its own. */
  readonly hasTopology: boolean;
  /** Whether the back end takes snapshots of several volumes at one instant. */
  readonly hasGroups: boolean;
}

export function pluginCapabilities({ hasTopology, hasGroups }: PluginAbilities): GetPluginCapabilitiesResponse {
  const services = [controllerService, ...(hasGroups ? [groupController] : []), ...(hasTopology ? [constraints] : [])];
  return { capabilities: [...services, { volume_expansion: { type: "ONLINE" } }] };
}
