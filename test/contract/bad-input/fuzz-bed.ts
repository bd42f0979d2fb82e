/** A driver under fuzz: what it is asked about, what it answered, and how all of it is taken away again. */
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { csiMethods } from "../../../src/gen/csi-fields.ts";
import { mountCapability } from "../controller-contract/bench.ts";
import { CsiError, type CodeName } from "../../support/csi-client.ts";
import { startDriver, type Driver } from "../../support/driver-process.ts";
import { makeKubeletPaths } from "../../support/kubelet-paths.ts";
import { nodeIdOf } from "../../support/node-ids.ts";
import { measured } from "./driver-memory.ts";
import { removeSnapshots } from "./remove-snapshots.ts";
import { treeOf } from "./tree.ts";
import { beginning, encode, type Bed, type WildRequest } from "./wild-requests.ts";

/** Answers that are the driver's own fault. */
const faulty: readonly CodeName[] = ["INTERNAL", "UNKNOWN", "DATA_LOSS"];

export class FuzzBed {
  readonly driver: Driver;
  readonly bed: Bed;
  /** How often each RPC answered with each code. */
  readonly answers = new Map<string, number>();
  readonly faults: string[] = [];
  /** How many copies of a snapshot or a volume were made. */
  copies = 0;
  readonly #contexts: Map<string, unknown>;
  /** Volume and path of each publish and each stage that was served, or begun. */
  readonly #published = new Map<string, readonly [string, string]>();
  readonly #staged = new Map<string, readonly [string, string]>();

  constructor(driver: Driver, bed: Bed, contexts: Map<string, unknown>) {
    this.driver = driver;
    this.bed = bed;
    this.#contexts = contexts;
  }

  async send(wild: WildRequest): Promise<void> {
    const key = `${csiMethods[wild.method].name} ${await this.#exchange(wild)}`;
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
  }

  /** Brings every volume to a pod and takes a snapshot of it, so that requests meet volumes in use. */
  async prepare(): Promise<void> {
    for (const [volume] of this.bed.volumes.entries()) {
      const plain = { volume, pod: 0, isBlock: false, isReadOnly: false, copyOf: "nothing", spoils: [] } as const;
      for (const method of beginning) await this.#exchange({ ...plain, method });
    }
  }

  async #exchange(wild: WildRequest): Promise<CodeName> {
    const request = encode(wild, this.bed);
    const { name } = csiMethods[wild.method];
    return await this.driver.client.call(wild.method, request).then(
      (response) => this.#served(name, request, response),
      (error: unknown) => this.#refused(error, name, request),
    );
  }

  #served(name: string, request: object, response: object): CodeName {
    const { volume_id = "", staging_target_path = "" } = request as Partial<Record<string, string>>;
    if ("publish_context" in response) this.#contexts.set(volume_id, response.publish_context);
    if (name === "CreateVolume" && "volume_content_source" in request) this.copies += 1;
    if (name === "NodePublishVolume") this.#notePublish(request);
    if (name === "NodeStageVolume")
      this.#staged.set(`${volume_id} ${staging_target_path}`, [volume_id, staging_target_path]);
    return "OK";
  }

  #notePublish(request: object): void {
    const { volume_id = "", target_path = "" } = request as Partial<Record<string, string>>;
    this.#published.set(`${volume_id} ${target_path}`, [volume_id, target_path]);
  }

  #refused(error: unknown, name: string, request: object): CodeName {
    if (!(error instanceof CsiError)) throw error;
    // It is not final: something may have been made, and whoever asked takes it back.
    if (name === "NodePublishVolume" && error.code === "UNAVAILABLE") this.#notePublish(request);
    const asked = `${name} ${JSON.stringify(request)}`;
    const isInWords = /^cannot .+: ./su.test(error.message);
    if (faulty.includes(error.code) || !isInWords)
      this.faults.push(`${error.code} ${error.message} to ${asked}`.slice(0, 2000));
    return error.code;
  }

  /** Takes away what the requests have made: mounts, stages, publications, volumes, snapshots. */
  async clear(): Promise<void> {
    const { controller, node } = this.driver.client;
    for (const [volume_id, target_path] of this.#published.values()) {
      // A target may lie on a staging path: then the unpublish says that the directory is not empty.
      await node.NodeUnpublishVolume({ volume_id, target_path }).catch(() => undefined);
    }
    const unstage = async ([volume_id, staging_target_path]: readonly [string, string]) =>
      node.NodeUnstageVolume({ volume_id, staging_target_path });
    const staged = [...this.#staged.values()];
    // A volume may have been staged at several paths, one after the other: the right one has to be the first.
    for (const stage of staged) await unstage(stage).catch(() => undefined);
    for (const stage of staged) await unstage(stage);
    this.#published.clear();
    this.#staged.clear();
    for (const { volume } of (await controller.ListVolumes({})).entries) {
      const volume_id = volume?.volume_id ?? "";
      await controller.ControllerUnpublishVolume({ volume_id });
      await controller.DeleteVolume({ volume_id });
    }
    await removeSnapshots(this.driver.client);
  }

  /** What is there besides the driver's own identity: volumes, snapshots, journal, marks, files inside, capacity. */
  async leftovers(): Promise<unknown> {
    const { controller } = this.driver.client;
    const volumes = (await controller.ListVolumes({})).entries;
    const snapshots = (await controller.ListSnapshots({})).entries;
    const free = (await controller.GetCapacity({})).available_capacity;
    const [journal, marks] = ["journal", "formatted"].map(async (name) =>
      readdir(path.join(this.driver.stateDir, "node", name)),
    );
    const files = (await treeOf(this.bed.inside)).map((line) => line.split(" inode ")[0]);
    const descriptors = (await readdir(`/proc/${this.driver.pid}/fd`)).length;
    return { volumes, snapshots, free, journal: await journal, marks: await marks, files, descriptors };
  }
}

export async function openFuzzBed(options: { readonly main?: string; readonly signal: AbortSignal }) {
  await using stack = new AsyncDisposableStack();
  const flags = ["--log-level", "error"];
  const driver = stack.use(await startDriver({ ...options, flags, environment: measured }));
  const { root: inside } = stack.use(await makeKubeletPaths());
  const { root: outside } = stack.use(await makeKubeletPaths());
  const names = ["one", "two", "raw"];
  const stagings = names.map((name) => path.join(inside, `staging-${name}`));
  const targets = names.map((name) => ["a", "b"].map((pod) => path.join(inside, "pod", `${name}-${pod}`)));
  // A folder of the bed that an unpublish names must not go: only empty ones do.
  const folders = [...stagings, path.join(inside, "pod"), path.join(inside, "staging")];
  for (const folder of folders) await mkdir(folder, { recursive: true });
  for (const folder of folders) await writeFile(path.join(folder, "keep"), "data");
  await writeFile(path.join(inside, "file"), "data");
  await symlink(outside, path.join(inside, "link"));
  const { controller, groups: together, node } = driver.client;
  const [volumes, snapshots, groups]: [string[], string[], string[]] = [[], [], []];
  for (const name of names) {
    const { volume } = await controller.CreateVolume({ name, volume_capabilities: [mountCapability] });
    const source_volume_id = volume?.volume_id ?? "";
    volumes.push(source_volume_id);
    const { snapshot } = await controller.CreateSnapshot({ name, source_volume_id });
    snapshots.push(snapshot?.snapshot_id ?? "");
    const sources = { name, source_volume_ids: [source_volume_id] };
    groups.push((await together.CreateVolumeGroupSnapshot(sources)).group_snapshot?.group_snapshot_id ?? "");
  }
  const { node_id } = await node.NodeGetInfo({});
  const contexts = new Map<string, unknown>();
  const nodes = [node_id, nodeIdOf("another"), ""];
  const bed: Bed = {
    ...{ volumes, snapshots, groups, names, nodes, inside, stagings, targets, contexts, node: node_id },
    paths: [...stagings, ...targets.flat()],
  };
  const fuzz = new FuzzBed(driver, bed, contexts);
  await fuzz.clear();
  const held = stack.move();
  return { fuzz, outside, [Symbol.asyncDispose]: async () => held.disposeAsync() };
}
