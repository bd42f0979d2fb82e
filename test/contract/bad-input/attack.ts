/**
 * A place to attack paths in: `inside`, where the driver may work, `outside`, where nothing may change, and a volume that
 * is staged and one that could be. What a driver with the back end `memory` does to directories and files is real.
 */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import type { CsiMethodPath } from "../../../src/gen/csi-fields.ts";
import { mountCapability } from "../controller-contract/bench.ts";
import { makeKubeletPaths } from "../../support/kubelet-paths.ts";
import { ask, type Answer } from "./ask.ts";
import { treeOf } from "./tree.ts";
import { openWorld, type World } from "./world.ts";

export interface Place extends AsyncDisposable {
  readonly world: World;
  readonly inside: string;
  readonly outside: string;
  /** What `outside` looks like now. */
  look(): Promise<readonly string[]>;
  stage(at: string): Promise<Answer>;
  unstage(at: string): Promise<Answer>;
  publish(at: string, kind?: "mount" | "block"): Promise<Answer>;
  /** Publishes from another staging path than that of the volume. */
  publishFrom(at: string): Promise<Answer>;
  unpublish(at: string): Promise<Answer>;
  /** Grows the volume that is mounted there. */
  expand(at: string): Promise<Answer>;
}

export async function openPlace(options: { readonly main?: string; readonly signal: AbortSignal }): Promise<Place> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await openWorld(options));
  const { root: outside } = stack.use(await makeKubeletPaths());
  const inside = world.paths.root;
  await mkdir(path.join(outside, "empty"));
  await writeFile(path.join(outside, "file"), "");
  await writeFile(path.join(outside, "staging", "data"), "data");
  await symlink(outside, path.join(inside, "link"));
  const calls = await callsOf(world);
  const held = stack.move();
  return {
    ...{ world, inside, outside, ...calls },
    look: async () => treeOf(outside),
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}

const block = { block: {}, access_mode: mountCapability.access_mode } as const;

async function callsOf(world: World) {
  const stages = { mount: await stageable(world, mountCapability), block: await stageable(world, block) };
  const rawStaging = path.join(world.paths.root, "raw");
  await mkdir(rawStaging);
  await world.driver.client.node.NodeStageVolume({ ...stages.block, staging_target_path: rawStaging });
  const { volume: volume_id, context: publish_context, paths } = world;
  const mount = { volume_id, publish_context, volume_capability: mountCapability, staging_target_path: paths.staging };
  const published = { mount, block: { ...stages.block, staging_target_path: rawStaging } };
  const send = async (name: string, request: object) => ask(world, `/csi.v1.Node/${name}` as CsiMethodPath, request);
  return {
    stage: async (at: string) => send("NodeStageVolume", { ...stages.mount, staging_target_path: at }),
    unstage: async (at: string) => send("NodeUnstageVolume", { ...stages.mount, staging_target_path: at }),
    publish: async (at: string, kind: "mount" | "block" = "mount") =>
      send("NodePublishVolume", { ...published[kind], target_path: at }),
    publishFrom: async (at: string) =>
      send("NodePublishVolume", {
        ...mount,
        staging_target_path: at,
        target_path: path.join(paths.root, "pod", "new"),
      }),
    unpublish: async (at: string) => send("NodeUnpublishVolume", { ...published.mount, target_path: at }),
    expand: async (at: string) => send("NodeExpandVolume", { volume_id, volume_path: at }),
  };
}

/** What a stage of a volume asks for, besides its path. */
async function stageable({ driver, node: node_id }: World, volume_capability: typeof mountCapability | typeof block) {
  const { controller } = driver.client;
  const name = "block" in volume_capability ? "raw" : "mount";
  const { volume } = await controller.CreateVolume({ name, volume_capabilities: [volume_capability] });
  const volume_id = volume?.volume_id ?? "";
  const { publish_context } = await controller.ControllerPublishVolume({ volume_id, node_id, volume_capability });
  return { volume_id, publish_context, volume_capability };
}
