/**
 * A driver with one volume in use, for tests that send wrong requests: published, staged and bound at one pod's path.
 * `valid` has a request for every RPC that would be served, and that changes nothing more.
 */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { CsiMethodPath } from "../../../src/gen/csi-fields.ts";
import { mountCapability } from "../controller-contract/bench.ts";
import { startDriver, type Driver } from "../../support/driver-process.ts";
import { makeKubeletPaths, type KubeletPaths } from "../../support/kubelet-paths.ts";

/** A volume_id as the driver makes them, of a volume that was never made. */
export const strange = `memory/v1-${"0".repeat(32)}`;

export interface World extends AsyncDisposable {
  readonly driver: Driver;
  readonly paths: KubeletPaths;
  readonly volume: string;
  readonly node: string;
  readonly context: Readonly<Record<string, string>>;
}

export async function openWorld(options: { readonly main?: string; readonly signal: AbortSignal }): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const driver = stack.use(await startDriver(options));
  const paths = stack.use(await makeKubeletPaths());
  const { controller, node } = driver.client;
  const { node_id } = await node.NodeGetInfo({});
  const { volume } = await controller.CreateVolume({ name: "in-use", volume_capabilities: [mountCapability] });
  const volume_id = volume?.volume_id ?? "";
  const volume_capability = mountCapability;
  const { publish_context } = await controller.ControllerPublishVolume({ volume_id, node_id, volume_capability });
  const stage = { volume_id, publish_context, staging_target_path: paths.staging, volume_capability };
  await node.NodeStageVolume(stage);
  await node.NodePublishVolume({ ...stage, target_path: paths.target });
  await mkdir(path.join(paths.root, "other"));
  const held = stack.move();
  return {
    ...{ driver, paths, volume: volume_id, node: node_id, context: publish_context },
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}

/** The requests of RPCs that are served and have fields. */
export function validRequests({ paths, volume, node, context }: World): Partial<Record<CsiMethodPath, object>> {
  const [volume_id, node_id, volume_capability] = [volume, node, mountCapability];
  const [staging_target_path, target_path] = [paths.staging, paths.target];
  const volume_capabilities = [mountCapability];
  const stage = { volume_id, publish_context: context, staging_target_path, volume_capability };
  return {
    "/csi.v1.Controller/CreateVolume": { name: "in-use", volume_capabilities },
    "/csi.v1.Controller/DeleteVolume": { volume_id: strange },
    "/csi.v1.Controller/ControllerPublishVolume": { volume_id, node_id, volume_capability },
    "/csi.v1.Controller/ControllerUnpublishVolume": { volume_id: strange, node_id },
    "/csi.v1.Controller/ValidateVolumeCapabilities": { volume_id, volume_capabilities },
    "/csi.v1.Controller/ListVolumes": {},
    "/csi.v1.Controller/GetCapacity": { volume_capabilities },
    "/csi.v1.Controller/ControllerGetVolume": { volume_id },
    "/csi.v1.Node/NodeStageVolume": stage,
    "/csi.v1.Node/NodeUnstageVolume": { volume_id: strange, staging_target_path },
    "/csi.v1.Node/NodePublishVolume": { ...stage, target_path },
    "/csi.v1.Node/NodeUnpublishVolume": { volume_id: strange, target_path: path.join(paths.root, "other", "none") },
    "/csi.v1.Node/NodeGetVolumeStats": { volume_id, volume_path: target_path },
  };
}
