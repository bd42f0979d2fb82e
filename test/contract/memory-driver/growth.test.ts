/** A volume in use grows: the target first, then the device and its file system on the node. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { VolumeCapability } from "../../../src/gen/csi/v1/VolumeCapability.ts";
import { exactly, mountCapability, refused, smallest, step } from "../controller-contract/bench.ts";
import { startDriver, type Driver } from "../../support/driver-process.ts";
import { makeKubeletPaths } from "../../support/kubelet-paths.ts";

const block = { block: {}, access_mode: mountCapability.access_mode } as const;
const capacity_range = exactly(smallest + step);
const grown = { capacity_bytes: String(smallest + step) };

async function ended(call: Promise<object>): Promise<void> {
  await call;
}

describe("a volume in use", { timeout: 60_000 }, () => {
  let driver: Driver;
  before(async () => {
    driver = await startDriver({ signal: AbortSignal.timeout(30_000) });
  });
  after(async () => driver[Symbol.asyncDispose]());

  /** A volume of the smallest size at a pod's path, and what takes it away again. */
  async function open(volume_capability: VolumeCapability) {
    await using stack = new AsyncDisposableStack();
    const { controller, node } = driver.client;
    const paths = stack.use(await makeKubeletPaths());
    const request = { name: paths.root.slice(-20), capacity_range: exactly(smallest) };
    const { volume } = await controller.CreateVolume({ ...request, volume_capabilities: [volume_capability] });
    const volume_id = volume?.volume_id ?? "";
    stack.defer(async () => ended(controller.DeleteVolume({ volume_id })));
    const { node_id } = await node.NodeGetInfo({});
    const { publish_context } = await controller.ControllerPublishVolume({ volume_id, node_id, volume_capability });
    stack.defer(async () => ended(controller.ControllerUnpublishVolume({ volume_id })));
    const [staging_target_path, target_path] = [paths.staging, paths.target];
    const stage = { volume_id, publish_context, staging_target_path, volume_capability };
    await node.NodeStageVolume(stage);
    stack.defer(async () => ended(node.NodeUnstageVolume({ volume_id, staging_target_path })));
    await node.NodePublishVolume({ ...stage, target_path });
    stack.defer(async () => ended(node.NodeUnpublishVolume({ volume_id, target_path })));
    const held = stack.move();
    return { volume_id, paths, [Symbol.asyncDispose]: async () => held.disposeAsync() };
  }

  const totalAt = async (volume_id: string, volume_path: string) =>
    (await driver.client.node.NodeGetVolumeStats({ volume_id, volume_path })).usage[0]?.total;

  for (const place of ["staging", "target"] as const) {
    it(`has a larger file system once the node was told so at its ${place} path, and not before`, async () => {
      await using volume = await open(mountCapability);
      const { controller, node } = driver.client;
      const { volume_id, paths } = volume;
      await controller.ControllerExpandVolume({ volume_id, capacity_range });
      assert.equal(await totalAt(volume_id, paths.target), String(smallest));
      for (const _time of ["once", "again"]) {
        const answer = await node.NodeExpandVolume({ volume_id, volume_path: paths[place], capacity_range });
        assert.deepEqual(answer, grown);
        assert.equal(await totalAt(volume_id, paths.target), grown.capacity_bytes);
      }
    });
  }

  it("grows to what its target has when no size is named", async () => {
    await using volume = await open(mountCapability);
    const { volume_id, paths } = volume;
    const { controller, node } = driver.client;
    await controller.ControllerExpandVolume({ volume_id, capacity_range });
    assert.deepEqual(await node.NodeExpandVolume({ volume_id, volume_path: paths.target }), grown);
    assert.equal(await totalAt(volume_id, paths.target), grown.capacity_bytes);
  });

  it("shows its new size as a raw block device too", async () => {
    await using volume = await open(block);
    const { volume_id, paths } = volume;
    const { controller, node } = driver.client;
    await controller.ControllerExpandVolume({ volume_id, capacity_range, volume_capability: block });
    const request = { volume_id, volume_path: paths.target, capacity_range, volume_capability: block };
    for (const _time of ["once", "again"]) assert.deepEqual(await node.NodeExpandVolume(request), grown);
    assert.equal(await totalAt(volume_id, paths.target), grown.capacity_bytes);
  });

  it("does not grow on the node beyond its target, nor below its size", async () => {
    await using volume = await open(mountCapability);
    const { volume_id, paths } = volume;
    const { node } = driver.client;
    const request = { volume_id, volume_path: paths.target };
    await refused(node.NodeExpandVolume({ ...request, capacity_range }), "DEADLINE_EXCEEDED", /at least 339738624/);
    const less = exactly(smallest - step);
    await refused(node.NodeExpandVolume({ ...request, capacity_range: less }), "OUT_OF_RANGE", /never shrinks/);
    assert.equal(await totalAt(volume_id, paths.target), String(smallest));
  });

  it("is what the node and the plugin say that they can make larger", async () => {
    const { node, identity } = driver.client;
    const offered = (await node.NodeGetCapabilities({})).capabilities.map(({ rpc }) => rpc?.type);
    assert.deepEqual(offered.toSorted(), [
      "EXPAND_VOLUME",
      "GET_VOLUME_STATS",
      "SINGLE_NODE_MULTI_WRITER",
      "STAGE_UNSTAGE_VOLUME",
      "VOLUME_CONDITION",
    ]);
    const { capabilities } = await identity.GetPluginCapabilities({});
    const types = capabilities.map(({ service, volume_expansion }) => service?.type ?? volume_expansion?.type);
    assert.deepEqual(types, ["CONTROLLER_SERVICE", "GROUP_CONTROLLER_SERVICE", "ONLINE"]);
  });
});
