/**
 * A node without a kernel: the node services over the in-memory initiator and file systems, with every side effect
 * recorded. The target is a table that tests change: who may connect, and what lies behind.
 */
import type { TestContext } from "node:test";
import { defaultMkfsOptions } from "../../src/domain/class-parameters.ts";
import { hostIdentityOf, exportIdentityOf, volumeIdOf, type ClusterId, type Uuid } from "../../src/domain/identity.ts";
import type { VolumeId } from "../../src/domain/identity.ts";
import type { Attachment, Content, NodeIdentity } from "../../src/domain/model.ts";
import { formatNodeId } from "../../src/domain/node-id.ts";
import type { BlockDevice, HeldDevice } from "../../src/filesystem/index.ts";
import { MemoryDevice } from "../../src/filesystem/memory-device.ts";
import { MemoryFilesystem } from "../../src/filesystem/memory-filesystem.ts";
import type { Target } from "../../src/nvme/index.ts";
import { MemoryInitiator, type MemoryExport } from "../../src/nvme/memory-initiator.ts";
import { Expansion } from "../../src/services/expansion.ts";
import { FilesystemStaging } from "../../src/services/filesystem-staging.ts";
import { Publishing, type NodePublishRequest } from "../../src/services/publishing.ts";
import { Staging, type StageRequest } from "../../src/services/staging.ts";
import { Stats } from "../../src/services/stats.ts";
import { MemoryJournal, MemoryMarks, MemoryPaths } from "./node-memory.ts";
import { Recorder } from "./recorder.ts";

const cluster = "test-cluster" as ClusterId;
const uuid = "7f000000-1111-4222-8333-444455556666" as Uuid;
const size = 320n * 1024n * 1024n;
export const staging = "/kubelet/staging";
export const target = "/kubelet/pod/target";
export const ext4 = { kind: "filesystem", type: "ext4", options: [] } as const;
export const block = { kind: "block" } as const;

/** Devices are recorded under the same name as what they are asked of. */
class RecordedFilesystem extends MemoryFilesystem {
  readonly #recorder: Recorder;

  constructor(recorder: Recorder, nodeOf: (name: string) => number | undefined) {
    super({ nodeOf });
    this.#recorder = recorder;
  }

  override async hold(device: BlockDevice, signal: AbortSignal): Promise<HeldDevice> {
    const held = await super.hold(device, signal);
    return this.#recorder.watch("filesystem", held, [
      "putIntent",
      "make",
      "eraseIntent",
      "check",
      "protect",
      "mount",
      "grow",
    ]);
  }
}

export class NodeBench {
  readonly node: NodeIdentity = { id: formatNodeId("node-a", uuid, "A".repeat(43)), uuid };
  readonly recorder = new Recorder();
  readonly exports = new Map<string, MemoryExport>();
  readonly kernel = new RecordedFilesystem(this.recorder, (name) => this.connections.nodeOf(name));
  readonly connections = new MemoryInitiator({ exportOf: (nqn) => this.exports.get(nqn) });
  /** What all devices can do, for tests that change it. */
  readonly devices = MemoryDevice.prototype;
  readonly files = new MemoryJournal();
  readonly formatted = new MemoryMarks();
  readonly directories = new MemoryPaths(staging);
  /** What the services see: the same objects, recorded. */
  readonly filesystem = this.recorder.watch("filesystem", this.kernel, ["bind", "unmount"]);
  readonly initiator = this.recorder.watch("initiator", this.connections, ["connect", "disconnect"]);
  readonly journal = this.recorder.watch("journal", this.files, ["save", "update", "remove"]);
  readonly marks = this.recorder.watch("marks", this.formatted, ["begin", "add"]);
  readonly paths = this.recorder.watch("paths", this.directories, ["ensureTarget", "removeTarget"]);
  staging: Staging;
  publishing: Publishing;
  expansion: Expansion;
  stats: Stats;

  constructor() {
    const started = this.#start();
    this.staging = started.staging;
    this.publishing = started.publishing;
    this.expansion = started.expansion;
    this.stats = started.stats;
  }

  #start() {
    const { node, initiator, filesystem, journal, marks, paths } = this;
    const host = { cluster, node, initiator, filesystem, journal, marks, paths };
    const deps = { ...host, filesystems: new FilesystemStaging(host) };
    const [staging, publishing] = [new Staging(deps), new Publishing(deps)];
    return { staging, publishing, expansion: new Expansion(deps), stats: new Stats(deps) };
  }

  /** A new process: what was in memory is gone, the kernel and the journal stay. */
  restart(): void {
    this.recorder.revive();
    Object.assign(this, this.#start());
  }

  volume(name: string): VolumeId {
    return volumeIdOf(cluster, name);
  }

  targetOf(name: string): Target {
    return exportIdentityOf(cluster, this.volume(name));
  }

  /** What ControllerPublish does: lets this node in under an epoch, and tells what the target knows. */
  publish(volume: VolumeId, epoch: number, content: Content = { state: "blank" }): Attachment {
    const { nqn, uuid: namespace } = exportIdentityOf(cluster, volume);
    const hosts = new Set([hostIdentityOf(this.node.uuid, volume, epoch).hostNqn]);
    const before = this.exports.get(nqn);
    this.exports.set(nqn, { uuid: namespace, size, hosts, incarnation: before?.incarnation ?? "1" });
    const portals = [{ address: "127.0.0.1", port: 4420 }];
    return { epoch, portals, size, blankSizes: [size], content, access: "read-write" };
  }

  /** The fence: the target serves nobody. */
  fence(volume: VolumeId): void {
    const { nqn } = exportIdentityOf(cluster, volume);
    const held = this.exports.get(nqn);
    if (held !== undefined) this.exports.set(nqn, { ...held, hosts: new Set() });
  }

  /** Another disk behind the same names: blank, with another device number. */
  replaceBacking(volume: VolumeId): void {
    const { nqn } = exportIdentityOf(cluster, volume);
    const held = this.exports.get(nqn);
    if (held !== undefined) this.exports.set(nqn, { ...held, incarnation: `${held.incarnation}+` });
  }

  /** The volume was expanded. */
  enlarge(volume: VolumeId): void {
    const { nqn } = exportIdentityOf(cluster, volume);
    const held = this.exports.get(nqn);
    if (held !== undefined) this.exports.set(nqn, { ...held, size: 2n * held.size });
  }

  request(volume: VolumeId, attachment: Attachment, more: Partial<StageRequest> = {}): StageRequest {
    return { volume, attachment, stagingPath: staging, usage: ext4, mkfs: defaultMkfsOptions, ...more };
  }

  /** Every mkfs waits until it is told to go on. */
  delayMake(t: TestContext): { readonly begun: Promise<undefined>; readonly goOn: () => void } {
    const begin = Promise.withResolvers<undefined>();
    const end = Promise.withResolvers<undefined>();
    const make: HeldDevice["make"] = Reflect.get(this.devices, "make");
    t.mock.method(this.devices, "make", async function (this: HeldDevice, ...args: Parameters<typeof make>) {
      begin.resolve(undefined);
      await end.promise;
      await Reflect.apply(make, this, args);
    });
    return { begun: begin.promise, goOn: () => end.resolve(undefined) };
  }

  /** What is left of a volume on this node, in words. */
  async leftovers(volume: VolumeId): Promise<readonly string[]> {
    const { nqn } = exportIdentityOf(cluster, volume);
    const mounts = (await this.kernel.mounts()).map((mount) => `mount ${mount.path}`);
    const hosts = (await this.connections.hostsOf(nqn)).map((host) => `controller of ${host}`);
    const entries = this.files.entries.has(volume) ? ["journal entry"] : [];
    return [...mounts, ...hosts, ...entries];
  }
}

/** A request to publish a staged volume. */
export function publishOf(volume: VolumeId, usage: typeof ext4 | typeof block): NodePublishRequest {
  return { volume, stagingPath: staging, targetPath: target, usage, readOnly: false, isForOnePod: false };
}

/** A volume that is staged, and a request to publish it. */
export async function stagedBench(usage: typeof ext4 | typeof block = ext4) {
  const bench = new NodeBench();
  const volume = bench.volume("a");
  const { signal } = new AbortController();
  await bench.staging.stage(bench.request(volume, bench.publish(volume, 1), { usage }), signal);
  return { bench, volume, request: publishOf(volume, usage) };
}
