/**
 * NodePublishVolume, NodeUnpublishVolume and NodeGetVolumeStats: a staged volume at a pod's path.
 *
 * H1  A publish binds only what is verified to be this volume, staged and alive (R9, F28).
 * H2  An unpublish takes away only mounts of this volume; a path that shows another one stays as it is.
 */
import { failure } from "../domain/errors.ts";
import { exportIdentityOf, type ClusterId, type VolumeId } from "../domain/identity.ts";
import type { Condition, Usage } from "../domain/model.ts";
import { topMountAt, type Filesystem, type Mount, type SpaceUsage, type TargetPaths } from "../filesystem/index.ts";
import type { NodeJournal } from "../node-journal/index.ts";
import type { Initiator, NvmeDevice } from "../nvme/index.ts";
import { isReadOnly, journaledDevices, shows, showsAny } from "./staged-volume.ts";

export interface PublishingDeps {
  readonly cluster: ClusterId;
  readonly initiator: Initiator;
  readonly filesystem: Filesystem;
  readonly paths: TargetPaths;
  readonly journal: NodeJournal;
}

export interface NodePublishRequest {
  readonly volume: VolumeId;
  readonly stagingPath: string;
  readonly targetPath: string;
  readonly usage: Usage;
  readonly readOnly: boolean;
}

export interface VolumeStats {
  readonly usage: readonly SpaceUsage[];
  readonly condition: Condition;
}

export class Publishing {
  readonly #deps: PublishingDeps;

  constructor(deps: PublishingDeps) {
    this.#deps = deps;
  }

  async publish(request: NodePublishRequest, signal: AbortSignal): Promise<void> {
    const { filesystem, paths } = this.#deps;
    const { targetPath, readOnly, usage } = request;
    if (usage.kind === "block" && readOnly) {
      const rule = "readonly must be false for raw block: a read-only mount of a device node does not stop writes";
      throw failure("invalid_argument", { cannot: `publish volume ${request.volume}`, rule, got: readOnly });
    }
    const device = await this.#stagedDevice(request, signal);
    const mount = topMountAt(await filesystem.mounts(), targetPath);
    if (mount !== undefined) {
      assertSamePublish(mount, device, request);
      return;
    }
    await paths.ensureTarget(targetPath, usage.kind === "block" ? "file" : "directory");
    const source = usage.kind === "block" ? device.path : request.stagingPath;
    await filesystem.bind(source, targetPath, { readOnly }, signal);
  }

  /** H1. */
  async #stagedDevice(request: NodePublishRequest, signal: AbortSignal): Promise<NvmeDevice> {
    const { cluster, initiator, filesystem, journal } = this.#deps;
    const { volume, stagingPath, usage, readOnly } = request;
    const cannot = `publish volume ${volume}`;
    const device = await initiator.find(exportIdentityOf(cluster, volume), signal);
    const entry = await journal.load(volume);
    if (device === undefined || entry?.stagingPath !== stagingPath || entry.usage !== usage.kind) {
      throw failure("precondition", {
        cannot,
        rule: `it must be staged at staging_target_path as ${usage.kind} first`,
        got: stagingPath,
      });
    }
    if (usage.kind === "block") return device;
    const mount = topMountAt(await filesystem.mounts(), stagingPath);
    if (mount === undefined || !shows(mount, device)) {
      const rule = `${stagingPath} must be the mount of ${device.path}`;
      throw failure("precondition", { cannot, rule, got: mount?.source ?? "no mount" });
    }
    if (mount.type !== usage.type) {
      throw failure("precondition", { cannot, rule: `it is staged as ${mount.type}`, got: usage.type });
    }
    if (!readOnly && isReadOnly(mount)) {
      throw failure("precondition", { cannot, rule: "its file system takes no writes; stage it again" });
    }
    return device;
  }

  async unpublish(volume: VolumeId, targetPath: string, signal: AbortSignal): Promise<void> {
    const { cluster, initiator, filesystem, paths, journal } = this.#deps;
    const target = exportIdentityOf(cluster, volume);
    const device = await initiator.find(target, signal);
    const journaled = await journaledDevices(initiator, target.uuid, await journal.load(volume));
    const own = device === undefined ? journaled : [...journaled, device];
    for (;;) {
      const mount = topMountAt(await filesystem.mounts(), targetPath);
      if (mount === undefined) break;
      if (!showsAny(mount, own)) return;
      await filesystem.unmount(targetPath, signal);
    }
    await paths.removeTarget(targetPath);
  }

  async stats(volume: VolumeId, path: string, signal: AbortSignal): Promise<VolumeStats> {
    const { cluster, initiator, filesystem } = this.#deps;
    const target = exportIdentityOf(cluster, volume);
    const device = await initiator.find(target, signal);
    const mount = topMountAt(await filesystem.mounts(), path);
    if (device === undefined || mount === undefined || !shows(mount, device)) {
      const rule = "volume_path must be where the volume is staged or published";
      throw failure("not_found", { cannot: `measure volume ${volume}`, rule, got: path });
    }
    const condition = conditionOf(mount, await initiator.condition(target));
    if (mount.type !== "devtmpfs") return { usage: await filesystem.usage(path), condition };
    return { usage: [{ unit: "bytes", total: device.size, available: 0n, used: 0n }], condition };
  }
}

function conditionOf(mount: Mount, connection: Condition): Condition {
  if (connection.abnormal || !mount.superOptions.includes("ro")) return connection;
  return { abnormal: true, message: "the file system turned read-only" };
}

function assertSamePublish(mount: Mount, device: NvmeDevice, request: NodePublishRequest): void {
  const cannot = `publish volume ${request.volume}`;
  if (!shows(mount, device)) {
    const rule = "nothing else may be mounted at target_path";
    throw failure("precondition", { cannot, rule, got: mount.source });
  }
  const isReadOnlyMount = mount.options.includes("ro");
  if (isReadOnlyMount !== request.readOnly) {
    const rule = `it is published there ${isReadOnlyMount ? "read-only" : "read-write"} already`;
    throw failure("already_exists", { cannot, rule, got: request.targetPath });
  }
}
