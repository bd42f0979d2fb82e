/**
 * NodePublishVolume and NodeUnpublishVolume: a staged volume at a pod's path.
 *
 * H1  A publish binds only what is verified to be this volume, staged and alive (R9, F28).
 * H2  A read-only publish is two steps for the kernel. It is written down before the first, so that a repeat after a
 *     kill in between finishes it, while a publish that was meant to be writable is never changed.
 * H3  A read-only mount of a device node does not stop writes to the device (docs/kernel-facts.md). It says what was asked
 *     for; that a pod cannot write is the kubelet's doing, which gives it a device of a read-only claim without that right.
 * H4  An unpublish takes away only mounts of this volume; a path that shows another one stays as it is.
 * H5  A volume for one pod is published at one target path.
 * H6  What a bind of a device node will be known by once its device is gone is written down before the bind.
 */
import { failure, type DomainError } from "../domain/errors.ts";
import { exportIdentityOf, type ClusterId, type VolumeId } from "../domain/identity.ts";
import type { Usage } from "../domain/model.ts";
import { topMountAt, type Filesystem, type Mount, type TargetPaths } from "../filesystem/index.ts";
import type { JournalEntry, NodeJournal } from "../node-journal/index.ts";
import type { Initiator, NvmeDevice } from "../nvme/index.ts";
import { isReadOnlyInside, live, ownDevicesOf, shows, unmountOwn, withDevice } from "./staged-volume.ts";

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
  /** No other target on this node may show the volume (H5). */
  readonly isForOnePod: boolean;
}

type BoundNode = NvmeDevice & { readonly node: number };

export class Publishing {
  readonly #deps: PublishingDeps;

  constructor(deps: PublishingDeps) {
    this.#deps = deps;
  }

  async publish(asked: NodePublishRequest, signal: AbortSignal): Promise<void> {
    const { filesystem, paths } = this.#deps;
    const { device, entry, isReadOnly } = await this.#staged(asked, signal);
    const request = isReadOnly ? { ...asked, readOnly: true } : asked;
    const { targetPath, readOnly, usage } = request;
    const mounts = await filesystem.mounts();
    const mount = topMountAt(mounts, targetPath);
    if (mount !== undefined && isPublished(mount, device, request, entry)) return;
    // Not before: the kubelet binds what it was given further, to subPaths and to its own directory of raw devices.
    if (request.isForOnePod && mount === undefined) assertAlone(mounts, device, request);
    await paths.ensureTarget(targetPath, usage.kind === "block" ? "file" : "directory");
    const bound = usage.kind === "block" ? { ...device, node: await filesystem.nodeOf(device) } : undefined;
    await this.#note(entry, targetPath, readOnly, bound);
    const what = bound === undefined ? { source: request.stagingPath } : { source: device.path, device: bound };
    await filesystem.bind({ ...what, target: targetPath, readOnly }, signal);
  }

  /** H2, H6. */
  async #note(entry: JournalEntry, targetPath: string, readOnly: boolean, bound?: BoundNode): Promise<void> {
    if (entry.readOnlyTargets.includes(targetPath) === readOnly && bound === undefined) return;
    await this.#deps.journal.update(entry.volume, ({ readOnlyTargets, devices, ...present }) => {
      const others = readOnlyTargets.filter((path) => path !== targetPath);
      return {
        ...present,
        readOnlyTargets: readOnly ? [...others, targetPath] : others,
        devices: bound === undefined ? devices : withDevice(devices, bound, [bound.node]),
      };
    });
  }

  /** H1. */
  async #staged(
    request: NodePublishRequest,
    signal: AbortSignal,
  ): Promise<{ readonly device: NvmeDevice; readonly entry: JournalEntry; readonly isReadOnly: boolean }> {
    const { cluster, initiator, filesystem, journal } = this.#deps;
    const { volume, stagingPath, usage } = request;
    const device = await initiator.find(exportIdentityOf(cluster, volume), signal);
    const entry = await journal.load(volume);
    const isReady = usage.kind === "filesystem" || entry?.isRawReady === true;
    if (device === undefined || entry?.stagingPath !== stagingPath || entry.usage !== usage.kind || !isReady) {
      const rule = `it must be staged at staging_target_path as ${usage.kind} first`;
      throw failure("precondition", { cannot: `publish volume ${volume}`, rule, got: stagingPath });
    }
    if (usage.kind === "block") return { device, entry, isReadOnly: false };
    const mount = topMountAt(await filesystem.mounts(), stagingPath);
    const isReadOnly = assertMounted(mount, device, request);
    if (await filesystem.isShutDown(stagingPath)) throw givenUp(volume);
    return { device, entry, isReadOnly };
  }

  async unpublish(volume: VolumeId, targetPath: string, signal: AbortSignal): Promise<void> {
    const { cluster, filesystem, paths } = this.#deps;
    const target = exportIdentityOf(cluster, volume);
    const { entry, devices } = await ownDevicesOf(this.#deps, { volume, target }, signal);
    if (!(await unmountOwn(filesystem, { path: targetPath, devices }, signal))) return;
    await paths.removeTarget(targetPath);
    if (entry !== undefined) await this.#note(entry, targetPath, false);
  }
}

/**
 * H1: the staging path shows the file system of the device, of the right type, and writable where that is asked. True when
 * it is staged to be read: then everybody gets it so, because a pod need not know how its volume is published.
 */
function assertMounted(mount: Mount | undefined, device: NvmeDevice, request: NodePublishRequest): boolean {
  const { volume, stagingPath, usage, readOnly } = request;
  const cannot = `publish volume ${volume}`;
  if (mount === undefined || !shows(mount, live(device))) {
    const rule = `${stagingPath} must be the mount of ${device.path}`;
    throw failure("precondition", { cannot, rule, got: mount?.source ?? "no mount" });
  }
  if (usage.kind === "filesystem" && mount.type !== usage.type) {
    throw failure("precondition", { cannot, rule: `it is staged as ${mount.type}`, got: usage.type });
  }
  const isReadOnly = mount.options.includes("ro");
  if (!readOnly && !isReadOnly && isReadOnlyInside(mount)) throw givenUp(volume);
  return isReadOnly;
}

/** H5. */
function assertAlone(mounts: readonly Mount[], device: NvmeDevice, request: NodePublishRequest): void {
  const { volume, stagingPath, targetPath } = request;
  const own = mounts.filter((mount) => shows(mount, live(device))).map(({ path }) => path);
  const others = own.filter((path) => path !== stagingPath && path !== targetPath);
  if (others.length === 0) return;
  const rule = "one pod at a time may use it, and it is published elsewhere on this node";
  throw failure("precondition", { cannot: `publish volume ${volume}`, rule, got: others });
}

/** F30. */
function givenUp(volume: VolumeId): DomainError {
  const rule = "its file system takes no writes after an error; end its pods on this node, so that it is staged again";
  return failure("precondition", { cannot: `publish volume ${volume}`, rule });
}

/** Whether the mount at the target path is what is asked for; false when it only needs to become read-only (H2). */
function isPublished(mount: Mount, device: NvmeDevice, request: NodePublishRequest, entry: JournalEntry): boolean {
  const cannot = `publish volume ${request.volume}`;
  if (!shows(mount, live(device))) {
    const rule = "nothing else may be mounted at target_path";
    throw failure("precondition", { cannot, rule, got: mount.source });
  }
  const isReadOnly = mount.options.includes("ro");
  const wasMeantReadOnly = isReadOnly || entry.readOnlyTargets.includes(request.targetPath);
  if (wasMeantReadOnly === request.readOnly) return isReadOnly === request.readOnly;
  const before = `it is published there ${wasMeantReadOnly ? "read-only" : "read-write"} already`;
  const rule = `readonly must be ${wasMeantReadOnly}: ${before}`;
  throw failure("already_exists", { cannot, rule, got: request.readOnly });
}
