/**
 * NodeStageVolume and NodeUnstageVolume: connect, bring into use, and all of it back.
 *
 * W1  The journal is written before the first side effect; nothing here is kept in memory alone (R10).
 * W2  A step that is done already is recognised by what the kernel shows, not by what was remembered (R5, R9).
 * W3  A stage that is refused for good leaves neither a connection nor a journal entry: nobody will unstage it. If they
 *     cannot be taken back, the refusal is not final, so that somebody will.
 * W4  An unstage is done when nothing holds the device and no controller is left (R8), never before.
 */
import { failure, isFinal, messageOf } from "../domain/errors.ts";
import { exportIdentityOf, hostIdentityOf, type ClusterId, type VolumeId } from "../domain/identity.ts";
import type { Attachment, NodeIdentity } from "../domain/model.ts";
import type { Filesystem, TargetPaths } from "../filesystem/index.ts";
import type { FormatMarks, JournalEntry, NodeJournal } from "../node-journal/index.ts";
import type { Initiator, NvmeDevice } from "../nvme/index.ts";
import type { FilesystemStaging, MountOutcome } from "./filesystem-staging.ts";
import { StagedCheck, type StageRequest } from "./staged-check.ts";
import { journaledDevices, ownDevicesOf, shows, unmountOwn, withDevice, type SeenDevice } from "./staged-volume.ts";

export interface StagingDeps {
  readonly cluster: ClusterId;
  readonly node: NodeIdentity;
  readonly initiator: Initiator;
  readonly filesystem: Filesystem;
  readonly paths: TargetPaths;
  readonly journal: NodeJournal;
  readonly marks: FormatMarks;
  readonly filesystems: FilesystemStaging;
}

export type { StageRequest } from "./staged-check.ts";

/** What a stage did, for people. */
export type StageOutcome = "already staged" | "connected" | MountOutcome;

export class Staging {
  readonly #deps: StagingDeps;
  readonly #filesystems: FilesystemStaging;
  readonly #staged: StagedCheck;

  constructor(deps: StagingDeps) {
    this.#deps = deps;
    this.#filesystems = deps.filesystems;
    this.#staged = new StagedCheck(deps);
  }

  async stage(request: StageRequest, signal: AbortSignal): Promise<StageOutcome> {
    const { volume, attachment, stagingPath, usage } = request;
    const { journal, paths } = this.#deps;
    await this.#filesystems.settled(volume, signal);
    const before = await journal.load(volume);
    assertEpoch(attachment, before);
    if (await this.#staged.isStaged(request, before, signal)) {
      assertRawForWriters(request);
      if (before?.isGrowing === true) await this.#finishGrowth(request, signal);
      return "already staged";
    }
    this.#deps.filesystem.anticipate();
    // Not before: the root of a file system that has shut down answers nothing.
    await paths.assertDirectory(stagingPath);
    const devices = await this.#stillMounted(volume, before);
    const { readOnlyTargets = [] } = before ?? {};
    const { epoch } = attachment;
    const kept = { volume, epoch, stagingPath, readOnlyTargets, devices };
    const entry: JournalEntry = { ...kept, usage: usage.kind, isRawReady: false, isGrowing: false };
    await journal.save(entry);
    try {
      return await this.#bringUp(request, entry, signal);
    } catch (refusal) {
      if (isFinal(refusal)) await this.#takeBackRefused(volume, refusal, signal);
      throw refusal;
    }
  }

  /** W3. */
  async #takeBackRefused(volume: VolumeId, refusal: unknown, signal: AbortSignal): Promise<void> {
    try {
      const target = exportIdentityOf(this.#deps.cluster, volume);
      const { devices } = await ownDevicesOf(this.#deps, { volume, target }, signal);
      await this.#takeBack(volume, devices, signal);
    } catch (error) {
      const rule = `${messageOf(refusal)}; its connection is still there: ${messageOf(error)}`;
      throw failure("unavailable", { cannot: `stage volume ${volume}`, rule, cause: refusal });
    }
  }

  async #bringUp(request: StageRequest, entry: JournalEntry, signal: AbortSignal): Promise<StageOutcome> {
    const { volume, attachment, usage } = request;
    assertRawForWriters(request);
    const device = await this.#connect(request, signal);
    const { journal, marks } = this.#deps;
    const known: JournalEntry = { ...entry, devices: withDevice(entry.devices, device) };
    await journal.save(known);
    if (usage.kind === "filesystem")
      return await this.#filesystems.mount({ ...request, usage, entry: known }, device, signal);
    await this.#readyRaw(request, device, signal);
    // A pod may write anywhere soon: no later stage of this publication may take the volume for blank (gate e).
    if (attachment.content.state === "blank" && attachment.access === "read-write")
      await marks.add(volume, attachment.epoch);
    await journal.save({ ...known, isRawReady: true });
    return "connected";
  }

  /** The driver ended after the mount. */
  async #finishGrowth({ usage, ...request }: StageRequest, signal: AbortSignal): Promise<void> {
    const device = await this.#staged.currentDevice({ ...request, usage }, signal);
    if (usage.kind !== "filesystem" || device === undefined) return;
    await this.#filesystems.growMounted({ ...request, type: usage.type }, device, signal);
  }

  /**
   * An intent that a cut-off mkfs has left would let a later stage format what a pod has written by then. Who may only read
   * changes nothing, and the device says so to everybody (a read-only bind of its node would not).
   */
  async #readyRaw({ volume, attachment }: StageRequest, device: NvmeDevice, signal: AbortSignal): Promise<void> {
    const held = await this.#deps.filesystem.hold(device, signal);
    try {
      if (attachment.access === "read-only") {
        await held.protect(signal);
        return;
      }
      const { begunAt } = await this.#deps.marks.of(volume, attachment.epoch);
      const found = await held.findIntents({ volume, blankSizes: [...attachment.blankSizes, ...begunAt] }, signal);
      if (found.length > 0 && attachment.sharing === "writers") throw unfinished(volume);
      for (const intent of found) await held.eraseIntent(intent, signal);
    } finally {
      held.release();
    }
  }

  async #connect({ volume, attachment }: StageRequest, signal: AbortSignal): Promise<NvmeDevice> {
    const { cluster, node, initiator } = this.#deps;
    const { nqn, uuid } = exportIdentityOf(cluster, volume);
    const host = hostIdentityOf(node.uuid, volume, attachment.epoch);
    return await initiator.connect({ nqn, uuid, host, portals: attachment.portals, atLeast: attachment.size }, signal);
  }

  /** Devices of earlier stages that a mount still shows: an unpublish or unstage has to recognise them. */
  async #stillMounted(volume: VolumeId, before: JournalEntry | undefined): Promise<JournalEntry["devices"]> {
    const mounts = await this.#deps.filesystem.mounts();
    const { uuid } = exportIdentityOf(this.#deps.cluster, volume);
    const own = await journaledDevices(this.#deps, uuid, before);
    return own
      .filter((device) => mounts.some((mount) => shows(mount, device)))
      .map(({ state, ...device }) => ({ ...device, isPast: state !== "live" }));
  }

  async unstage(volume: VolumeId, stagingPath: string, signal: AbortSignal): Promise<void> {
    const { cluster, filesystem } = this.#deps;
    await this.#filesystems.settled(volume, signal);
    const { devices } = await ownDevicesOf(this.#deps, { volume, target: exportIdentityOf(cluster, volume) }, signal);
    if (devices.length > 0) filesystem.anticipate();
    await unmountOwn(filesystem, { path: stagingPath, devices }, signal);
    await this.#takeBack(volume, devices, signal);
  }

  /** Ends the connection and forgets the volume, once nothing uses it (W4). */
  async #takeBack(volume: VolumeId, devices: readonly SeenDevice[], signal: AbortSignal): Promise<void> {
    const { cluster, initiator, journal } = this.#deps;
    for (const held of devices) await this.#assertReleased(volume, held, signal);
    await initiator.disconnect(exportIdentityOf(cluster, volume).nqn, signal);
    await journal.remove(volume);
  }

  /** W4: neither a mount of its file system, nor a bind of its device node, nor an open claim is left. */
  async #assertReleased(volume: VolumeId, held: SeenDevice, signal: AbortSignal): Promise<void> {
    const { filesystem, cluster } = this.#deps;
    const { path, number } = held;
    const device = { path, number, uuid: exportIdentityOf(cluster, volume).uuid };
    const mounts = (await filesystem.mounts()).filter((mount) => shows(mount, held)).map((mount) => mount.path);
    // What holds the device that took its place is none of this volume's business.
    const isFree = held.state === "replaced" || (await filesystem.isReleased(device, signal));
    if (mounts.length === 0 && isFree) return;
    const holders = held.state === "replaced" ? [] : await filesystem.holders(device);
    const got = [...new Set([...mounts, ...holders])];
    throw failure("busy", { cannot: `unstage volume ${volume}`, rule: `nothing may use ${path} any more`, got });
  }
}

/** Whatever the request calls it: no file system here stands two kernels that write it. */
function assertRawForWriters({ attachment, usage }: StageRequest): void {
  if (attachment.sharing !== "writers" || usage.kind === "block") return;
  throw refused("what several nodes may write is raw block", usage.kind);
}

/** What is there between the look and the erasure may be another node's by then. */
function unfinished(volume: VolumeId) {
  const rule = "a mkfs on it was cut short: let a pod use it once while one node alone has it";
  return failure("precondition", { cannot: `stage volume ${volume}`, rule });
}

function refused(rule: string, got: unknown) {
  return failure("precondition", { cannot: "stage the volume", rule, got });
}

/** A context older than what this node has seen is a replay: its host was fenced since. */
function assertEpoch(attachment: Attachment, before: JournalEntry | undefined): void {
  if (before === undefined || attachment.epoch >= before.epoch) return;
  const rule = `publish_context must not be older than epoch ${before.epoch}, which this node has staged`;
  throw refused(rule, attachment.epoch);
}
