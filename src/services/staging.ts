/**
 * NodeStageVolume and NodeUnstageVolume: connect, look, format once, check, mount — and all of it back.
 *
 * W1  The journal is written before the first side effect; nothing here is kept in memory alone (R10).
 * W2  A step that is done already is recognised by what the kernel shows, not by what was remembered (R5, R9).
 * W3  mkfs and fsck are jobs that outlive the request; a repeated request waits for them and looks again (R2).
 * W4  An unstage is done when nothing holds the device and no controller is left (R8), never before.
 */
import { DomainError, failure } from "../domain/errors.ts";
import {
  exportIdentityOf,
  filesystemUuidOf,
  hostIdentityOf,
  type ClusterId,
  type VolumeId,
} from "../domain/identity.ts";
import type { Attachment, DeviceNumber, FilesystemType, NodeIdentity, Usage } from "../domain/model.ts";
import type { Filesystem, Mount, TargetPaths } from "../filesystem/index.ts";
import { assertNever } from "../lib/assert-never.ts";
import { JobTable } from "../lib/job-table.ts";
import type { JournalEntry, NodeJournal } from "../node-journal/index.ts";
import type { Initiator, NvmeDevice } from "../nvme/index.ts";
import { decideFormat } from "./format-gate.ts";
import { isReadOnly, sameDevice, shows, topMount } from "./staged-volume.ts";

export interface StagingDeps {
  readonly cluster: ClusterId;
  readonly node: NodeIdentity;
  readonly initiator: Initiator;
  readonly filesystem: Filesystem;
  readonly paths: TargetPaths;
  readonly journal: NodeJournal;
}

export interface StageRequest {
  readonly volume: VolumeId;
  readonly attachment: Attachment;
  readonly stagingPath: string;
  readonly usage: Usage;
}

/** What a stage did, for people. */
export type StageOutcome = "already staged" | "connected" | "formatted and mounted" | "checked and mounted" | "mounted";

/** How long a mkfs or fsck may run, whatever the requests that wait for it do. */
const jobLimitMs = 60 * 60 * 1000;

export class Staging {
  readonly #deps: StagingDeps;
  readonly #jobs = new JobTable();

  constructor(deps: StagingDeps) {
    this.#deps = deps;
  }

  async stage(request: StageRequest, signal: AbortSignal): Promise<StageOutcome> {
    const { volume, attachment, stagingPath, usage } = request;
    const { journal, paths } = this.#deps;
    await this.#jobs.settled(volume, signal);
    await paths.assertDirectory(stagingPath);
    const before = await journal.load(volume);
    assertEpoch(attachment, before);
    if (await this.#isStaged(request, before, signal)) return "already staged";
    const formatted = before?.epoch === attachment.epoch && before.formatted;
    const entry: JournalEntry = { volume, epoch: attachment.epoch, stagingPath, formatted };
    await journal.save(entry);
    const device = await this.#connect(request, signal);
    await journal.save({ ...entry, device: device.number });
    if (usage.kind === "block") return "connected";
    return await this.#mount({ ...entry, device: device.number }, device, { ...request, usage }, signal);
  }

  async #connect({ volume, attachment }: StageRequest, signal: AbortSignal): Promise<NvmeDevice> {
    const { cluster, node, initiator } = this.#deps;
    const { nqn, uuid } = exportIdentityOf(cluster, volume);
    const host = hostIdentityOf(node.uuid, volume, attachment.epoch);
    return await initiator.connect({ nqn, uuid, host, portals: attachment.portals, atLeast: attachment.size }, signal);
  }

  /**
   * Whether the volume is staged as asked. A mount that is ours but dead, or of an earlier epoch, is taken away (F29);
   * one that is not ours is an error.
   */
  async #isStaged(request: StageRequest, before: JournalEntry | undefined, signal: AbortSignal): Promise<boolean> {
    const { stagingPath, usage } = request;
    const device = await this.#currentDevice(request, signal);
    for (;;) {
      const mount = topMount(await this.#deps.filesystem.mounts(), stagingPath);
      if (mount === undefined) return usage.kind === "block" && device !== undefined && before !== undefined;
      if (device !== undefined && shows(mount, device)) return assertSameUse(mount, usage);
      if (!sameDevice(mount.device, before?.device) || before?.stagingPath !== stagingPath) {
        const rule = `nothing else may be mounted at ${stagingPath}`;
        throw failure("precondition", { cannot: "stage the volume", rule, got: mount.source });
      }
      await this.#deps.filesystem.unmount(stagingPath, signal);
    }
  }

  /** The device of this very publication; one of an earlier epoch does not count. */
  async #currentDevice({ volume, attachment }: StageRequest, signal: AbortSignal): Promise<NvmeDevice | undefined> {
    const { cluster, node, initiator } = this.#deps;
    const target = exportIdentityOf(cluster, volume);
    const { hostNqn } = hostIdentityOf(node.uuid, volume, attachment.epoch);
    const hosts = await initiator.hostsOf(target.nqn);
    if (hosts.some((host) => host !== hostNqn)) return undefined;
    return await initiator.find(target, signal);
  }

  async #mount(
    entry: JournalEntry,
    device: NvmeDevice,
    request: StageRequest & { readonly usage: Extract<Usage, { kind: "filesystem" }> },
    signal: AbortSignal,
  ): Promise<StageOutcome> {
    const { attachment, usage } = request;
    const { filesystem } = this.#deps;
    const readOnly = attachment.access === "read-only";
    const evidence = await filesystem.inspect(device, attachment.blankSizes, signal);
    const { content } = attachment;
    const decision = decideFormat({ requested: usage.type, content, evidence, formattedInThisEpoch: entry.formatted });
    const cannot = `stage volume ${entry.volume}`;
    switch (decision.action) {
      case "refuse":
        throw failure("precondition", { cannot, rule: decision.reason });
      case "retry":
        throw failure("unavailable", { cannot, rule: `its device must be readable: ${decision.reason}` });
      case "format":
        if (readOnly) throw failure("precondition", { cannot, rule: "a blank volume is mounted read-write first" });
        await this.#format(entry, device, usage.type, signal);
        break;
      case "mount":
        if (!readOnly) await this.#check(entry.volume, device, usage.type, signal);
        break;
      default:
        assertNever(decision);
    }
    const { type, options } = usage;
    await filesystem.mount({ device, path: request.stagingPath, type, options, readOnly }, signal);
    if (decision.action === "format") return "formatted and mounted";
    return readOnly ? "mounted" : "checked and mounted";
  }

  async #format(entry: JournalEntry, device: NvmeDevice, type: FilesystemType, signal: AbortSignal): Promise<void> {
    const { cluster, filesystem, journal } = this.#deps;
    const uuid = filesystemUuidOf(cluster, entry.volume);
    await this.#job(entry.volume, signal, async (limit) => {
      await filesystem.make(device, type, uuid, limit);
      await journal.save({ ...entry, formatted: true });
    });
  }

  async #check(volume: VolumeId, device: NvmeDevice, type: FilesystemType, signal: AbortSignal): Promise<void> {
    const { filesystem } = this.#deps;
    const result = await this.#job(volume, signal, async (limit) => filesystem.check(device, type, limit));
    if (result.kind !== "damaged") return;
    const rule = `its ${type} file system needs a repair by a person: ${result.report}`;
    throw failure("precondition", { cannot: `stage volume ${volume}`, rule });
  }

  /** W3. */
  async #job<T>(volume: VolumeId, signal: AbortSignal, work: (limit: AbortSignal) => Promise<T>): Promise<T> {
    return await this.#jobs.run(volume, async () => work(AbortSignal.timeout(jobLimitMs)), signal);
  }

  async unstage(volume: VolumeId, stagingPath: string, signal: AbortSignal): Promise<void> {
    const { cluster, initiator, journal } = this.#deps;
    await this.#jobs.settled(volume, signal);
    const target = exportIdentityOf(cluster, volume);
    const entry = await journal.load(volume);
    const device = await initiator.find(target, signal);
    await this.#unmountOwn(stagingPath, [device?.number, entry?.device], signal);
    if (device !== undefined) await this.#assertReleased(volume, device, signal);
    await initiator.disconnect(target.nqn, signal);
    await journal.remove(volume);
  }

  /** W4: neither a mount of its file system, nor a bind of its device node, nor an open claim is left. */
  async #assertReleased(volume: VolumeId, device: NvmeDevice, signal: AbortSignal): Promise<void> {
    const { filesystem } = this.#deps;
    const binds = (await filesystem.mounts()).filter((mount) => shows(mount, device)).map((mount) => mount.path);
    if (binds.length === 0 && (await filesystem.isReleased(device, signal))) return;
    const rule = `nothing may use ${device.path} any more`;
    const got = [...new Set([...binds, ...(await filesystem.holders(device))])];
    throw failure("busy", { cannot: `unstage volume ${volume}`, rule, got });
  }

  /** Takes away every mount of this volume's device at the path; what else is mounted there stays. */
  async #unmountOwn(path: string, own: readonly (DeviceNumber | undefined)[], signal: AbortSignal): Promise<void> {
    for (;;) {
      const mount = topMount(await this.#deps.filesystem.mounts(), path);
      if (mount === undefined || !own.some((number) => sameDevice(number, mount.device))) return;
      await this.#deps.filesystem.unmount(path, signal);
    }
  }
}

/** A context older than what this node has seen is a replay: its host was fenced since. */
function assertEpoch(attachment: Attachment, before: JournalEntry | undefined): void {
  if (before === undefined || attachment.epoch >= before.epoch) return;
  const rule = `publish_context must not be older than epoch ${before.epoch}, which this node has staged`;
  throw failure("precondition", { cannot: "stage the volume", rule, got: attachment.epoch });
}

function assertSameUse(mount: Mount, usage: Usage): true {
  const cannot = "stage the volume";
  if (usage.kind === "block" || mount.type !== usage.type) {
    const asked = usage.kind === "block" ? "raw block" : usage.type;
    throw failure("already_exists", { cannot, rule: `it is staged as ${mount.type} already`, got: asked });
  }
  if (isReadOnly(mount)) {
    const rule = `its file system turned read-only after an error; unstage it so that it is checked`;
    throw new DomainError("precondition", `cannot ${cannot}: ${rule}`);
  }
  return true;
}
