/**
 * A driver with one volume in use, for tests that send wrong requests: published, staged and bound at one pod's path, and
 * with one snapshot and a group of one.
 * `valid` has a request for every RPC that would be served, and that changes nothing more.
 */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { CsiMethodPath } from "../../../src/gen/csi-fields.ts";
import { mountCapability } from "../controller-contract/bench.ts";
import { startDriver, type Driver } from "../../support/driver-process.ts";
import { makeKubeletPaths, type KubeletPaths } from "../../support/kubelet-paths.ts";
import { strange, strangeGroup, strangeSnapshot } from "./common-rows.ts";

export interface World extends AsyncDisposable {
  readonly driver: Driver;
  readonly paths: KubeletPaths;
  readonly volume: string;
  /** Of the volume. */
  readonly snapshot: string;
  /** Of its snapshot alone. */
  readonly group: string;
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
  const { snapshot } = await controller.CreateSnapshot({ name: "in-use", source_volume_id: volume_id });
  const sources = { name: "in-use", source_volume_ids: [volume_id] };
  const { group_snapshot } = await driver.client.groups.CreateVolumeGroupSnapshot(sources);
  const held = stack.move();
  return {
    ...{ driver, paths, volume: volume_id, node: node_id, context: publish_context },
    snapshot: snapshot?.snapshot_id ?? "",
    group: group_snapshot?.group_snapshot_id ?? "",
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}

/** The requests of RPCs that are served and have fields. */
export function validRequests(world: World): Partial<Record<CsiMethodPath, object>> {
  const { paths, volume: volume_id, node: node_id, context, snapshot: snapshot_id } = world;
  const { group: group_snapshot_id } = world;
  const volume_capability = mountCapability;
  const [staging_target_path, target_path] = [paths.staging, paths.target];
  const volume_capabilities = [mountCapability];
  const stage = { volume_id, publish_context: context, staging_target_path, volume_capability };
  // The volume has more than that.
  const capacity_range = { required_bytes: 1 };
  return {
    "/csi.v1.Controller/CreateVolume": { name: "in-use", volume_capabilities },
    "/csi.v1.Controller/DeleteVolume": { volume_id: strange },
    "/csi.v1.Controller/ControllerPublishVolume": { volume_id, node_id, volume_capability },
    "/csi.v1.Controller/ControllerUnpublishVolume": { volume_id: strange, node_id },
    "/csi.v1.Controller/ValidateVolumeCapabilities": { volume_id, volume_capabilities },
    "/csi.v1.Controller/ListVolumes": {},
    "/csi.v1.Controller/GetCapacity": { volume_capabilities },
    "/csi.v1.Controller/ControllerGetVolume": { volume_id },
    "/csi.v1.Controller/ControllerExpandVolume": { volume_id, capacity_range, volume_capability },
    "/csi.v1.Controller/CreateSnapshot": { name: "in-use", source_volume_id: volume_id },
    "/csi.v1.Controller/DeleteSnapshot": { snapshot_id: strangeSnapshot },
    "/csi.v1.Controller/GetSnapshot": { snapshot_id },
    "/csi.v1.Controller/ListSnapshots": {},
    "/csi.v1.GroupController/CreateVolumeGroupSnapshot": { name: "in-use", source_volume_ids: [volume_id] },
    "/csi.v1.GroupController/DeleteVolumeGroupSnapshot": { group_snapshot_id: strangeGroup },
    "/csi.v1.GroupController/GetVolumeGroupSnapshot": { group_snapshot_id },
    "/csi.v1.Node/NodeStageVolume": stage,
    "/csi.v1.Node/NodeUnstageVolume": { volume_id: strange, staging_target_path },
    "/csi.v1.Node/NodePublishVolume": { ...stage, target_path },
    "/csi.v1.Node/NodeUnpublishVolume": { volume_id: strange, target_path: path.join(paths.root, "other", "none") },
    "/csi.v1.Node/NodeGetVolumeStats": { volume_id, volume_path: target_path },
    "/csi.v1.Node/NodeExpandVolume": { volume_id, volume_path: target_path, volume_capability },
  };
}
