/**
 * Whether a stage is done already, by what the kernel and the journal show (W2); what stands in its way is taken away or
 * refused.
 */
import type { MkfsOptions } from "../domain/class-parameters.ts";
import { failure } from "../domain/errors.ts";
import { exportIdentityOf, hostIdentityOf, type ClusterId, type VolumeId } from "../domain/identity.ts";
import type { Attachment, NodeIdentity, Usage } from "../domain/model.ts";
import { topMountAt, type Filesystem, type Mount } from "../filesystem/index.ts";
import type { JournalEntry, NodeJournal } from "../node-journal/index.ts";
import type { Initiator, NvmeDevice } from "../nvme/index.ts";
import { journaledDevices, live, shows, showsAny, troubleOf } from "./staged-volume.ts";

export interface StagedCheckDeps {
  readonly cluster: ClusterId;
  readonly node: NodeIdentity;
  readonly initiator: Initiator;
  readonly filesystem: Filesystem;
  readonly journal: NodeJournal;
}

export interface StageRequest {
  readonly volume: VolumeId;
  readonly attachment: Attachment;
  readonly stagingPath: string;
  readonly usage: Usage;
  /** How a file system is made, if one is. */
  readonly mkfs: MkfsOptions;
}

export class StagedCheck {
  readonly #deps: StagedCheckDeps;

  constructor(deps: StagedCheckDeps) {
    this.#deps = deps;
  }

  /**
   * Whether the volume is staged as asked. A mount that is ours but dead, or of an earlier epoch, is taken away (F29);
   * one that is not ours, and a stage at another path, are errors.
   */
  async isStaged(request: StageRequest, before: JournalEntry | undefined, signal: AbortSignal): Promise<boolean> {
    const { stagingPath, usage, volume } = request;
    const { cluster, filesystem } = this.#deps;
    const device = await this.currentDevice(request, signal);
    const own = await journaledDevices(this.#deps, exportIdentityOf(cluster, volume).uuid, before);
    assertSameKind(request, before, device);
    if (before !== undefined && before.stagingPath !== stagingPath) {
      const there = topMountAt(await filesystem.mounts(), before.stagingPath);
      const isThere = there === undefined ? before.usage === "block" && device !== undefined : showsAny(there, own);
      if (isThere) throw refused(`it is staged at ${before.stagingPath} already`, stagingPath);
    }
    for (;;) {
      const mount = topMountAt(await filesystem.mounts(), stagingPath);
      if (mount === undefined) return usage.kind === "block" && device !== undefined && before?.isRawReady === true;
      if (device !== undefined && shows(mount, live(device))) {
        assertSameUse(mount, usage);
        if (await this.#isWell(request, mount, device)) return true;
      } else if (!showsAny(mount, own)) throw refused(`nothing else may be mounted at ${stagingPath}`, mount.source);
      await filesystem.unmount(stagingPath, signal);
    }
  }

  /** F30: a mount that takes no writes after an error is no stage; it is made anew once no pod uses it. */
  async #isWell({ attachment, stagingPath }: StageRequest, mount: Mount, device: NvmeDevice): Promise<boolean> {
    if (attachment.access === "read-only") return true;
    const { filesystem } = this.#deps;
    const trouble = await troubleOf(filesystem, mount, { isStagedReadOnly: false });
    if (trouble === undefined) return true;
    const others = (await filesystem.mounts()).filter((other) => shows(other, live(device)));
    const got = others.map(({ path }) => path).filter((path) => path !== stagingPath);
    if (got.length > 0) throw refused(`${trouble}; end the pods that use it here, so that it is checked`, got);
    return false;
  }

  /** The device of this very publication; one of an earlier epoch does not count. */
  async currentDevice({ volume, attachment }: StageRequest, signal: AbortSignal): Promise<NvmeDevice | undefined> {
    const { cluster, node, initiator } = this.#deps;
    const target = exportIdentityOf(cluster, volume);
    const { hostNqn } = hostIdentityOf(node.uuid, volume, attachment.epoch);
    const hosts = await initiator.hostsOf(target.nqn);
    if (hosts.some((host) => host !== hostNqn)) return undefined;
    return await initiator.find(target, signal);
  }
}

function refused(rule: string, got: unknown) {
  return failure("precondition", { cannot: "stage the volume", rule, got });
}

/** A raw block stage shows in no mount table: what a connected volume is used as stands in the journal alone. */
function assertSameKind(
  { stagingPath, usage }: StageRequest,
  before: JournalEntry | undefined,
  device: NvmeDevice | undefined,
): void {
  if (device === undefined || before?.stagingPath !== stagingPath || before.usage === usage.kind) return;
  const rule = `it is staged there as ${before.usage} already; unstage it first`;
  throw failure("already_exists", { cannot: "stage the volume", rule, got: usage.kind });
}

function assertSameUse(mount: Mount, usage: Usage): void {
  if (usage.kind === "filesystem" && mount.type === usage.type) return;
  const got = usage.kind === "block" ? "raw block" : usage.type;
  throw failure("already_exists", { cannot: "stage the volume", rule: `it is staged as ${mount.type} already`, got });
}
