/**
 * From a verified device to a mounted file system: look, decide, format once or check, mount.
 *
 * J1  What is done to the device is the gate's decision (format-gate.ts) and nobody else's (R1).
 * J2  mkfs and fsck are jobs that outlive the request; a repeated request waits for them and looks again (R2).
 * J3  A format intent lies on the device from before mkfs until after its result was read back, and is gone before the
 *     first mount (DESIGN 5.1): a mkfs that was cut short is done again, on whatever node.
 * J4  That a file system was made, or seen where the context still says blank, is remembered before it is mounted, so
 *     that no later stage of the same publication can take the volume for blank (gate e).
 * J5  A file system that is smaller than its device is made larger once it is mounted; the journal says so until it is
 *     done, because a mount is all that is seen of a stage that was cut short (W2).
 */
import type { MkfsOptions } from "../domain/class-parameters.ts";
import { failure } from "../domain/errors.ts";
import { filesystemUuidOf, type ClusterId, type VolumeId } from "../domain/identity.ts";
import { intentOffset } from "../domain/format-intent.ts";
import type { Attachment, FilesystemType, NodeIdentity, Usage } from "../domain/model.ts";
import type { CheckResult, Filesystem, FoundIntent, HeldDevice } from "../filesystem/index.ts";
import { assertNever } from "../lib/assert-never.ts";
import { JobTable } from "../lib/job-table.ts";
import type { FormatMarks, JournalEntry, NodeJournal } from "../node-journal/index.ts";
import type { NvmeDevice } from "../nvme/index.ts";
import { decideFormat } from "./format-gate.ts";

export interface FilesystemStagingDeps {
  readonly cluster: ClusterId;
  readonly node: NodeIdentity;
  readonly filesystem: Filesystem;
  readonly marks: FormatMarks;
  readonly journal: NodeJournal;
}

export interface FilesystemStageRequest {
  readonly volume: VolumeId;
  readonly attachment: Attachment;
  readonly stagingPath: string;
  readonly usage: Extract<Usage, { kind: "filesystem" }>;
  /** What the journal holds of the volume. */
  readonly entry: JournalEntry;
  readonly mkfs: MkfsOptions;
}

export interface GrowthRequest extends Pick<FilesystemStageRequest, "volume" | "stagingPath"> {
  readonly type: FilesystemType;
}

/** What was done to bring a file system into use, for people. */
export type MountOutcome = "formatted and mounted" | "checked and mounted" | "repaired and mounted" | "mounted";

type Usable = Exclude<CheckResult, { kind: "damaged" }>;

const outcomes: Record<Usable["kind"], MountOutcome> = {
  clean: "checked and mounted",
  repaired: "repaired and mounted",
  unchecked: "mounted",
};

type Held = NvmeDevice & { readonly held: HeldDevice };

interface Plan {
  readonly action: "format" | "mount";
  readonly intents: readonly FoundIntent[];
}

/** How long a mkfs or fsck may run, whatever the requests that wait for it do. */
const jobLimitMs = 60 * 60 * 1000;

export class FilesystemStaging {
  readonly #deps: FilesystemStagingDeps;
  readonly #jobs = new JobTable();

  constructor(deps: FilesystemStagingDeps) {
    this.#deps = deps;
  }

  /** Waits until no mkfs or fsck of an earlier request runs on the volume. */
  async settled(volume: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#jobs.settled(volume, signal);
  }

  async mount(request: FilesystemStageRequest, device: NvmeDevice, signal: AbortSignal): Promise<MountOutcome> {
    return await this.#holding(request, device, signal, async (held) => this.#mountHeld(request, held, signal));
  }

  /** For a file system that is mounted at the staging path (J5). */
  async growMounted(request: GrowthRequest, device: NvmeDevice, signal: AbortSignal): Promise<void> {
    await this.#holding(request, device, signal, async (held) => {
      await this.#deps.journal.update(request.volume, (entry) => ({ ...entry, isGrowing: true }));
      await this.#grow(request, held, signal);
    });
  }

  async #holding<T>(
    { volume }: Pick<FilesystemStageRequest, "volume">,
    device: NvmeDevice,
    signal: AbortSignal,
    work: (held: Held) => Promise<T>,
  ): Promise<T> {
    const held = await this.#deps.filesystem.hold(device, signal);
    try {
      return await work({ ...device, held });
    } finally {
      // J2: a job that goes on without the request still works on the device.
      this.#jobs.afterwards(volume, () => held.release());
    }
  }

  async #mountHeld(request: FilesystemStageRequest, device: Held, signal: AbortSignal) {
    const { attachment, usage, volume } = request;
    const readOnly = attachment.access === "read-only";
    const { action, intents } = await this.#decide(request, device, signal);
    const { type, options } = usage;
    let checked: Usable["kind"] = "unchecked";
    if (action === "format") {
      if (readOnly) throw refused(volume, "a blank volume has no file system: let a pod mount it read-write once");
      await this.#format(request, device, intents, signal);
    } else {
      await this.#remember(request);
      if (readOnly) await device.held.protect(signal);
      else checked = await this.#check(volume, device, type, signal);
    }
    const isGrowing = action === "mount" && !readOnly && (await device.held.isTooSmall(type, signal));
    if (isGrowing) await this.#deps.journal.save({ ...request.entry, isGrowing });
    await device.held.mount({ path: request.stagingPath, type, options, readOnly }, signal);
    if (isGrowing) await this.#grow({ ...request, type }, device, signal);
    return action === "format" ? "formatted and mounted" : outcomes[checked];
  }

  async #decide(request: FilesystemStageRequest, { held }: Held, signal: AbortSignal): Promise<Plan> {
    const { volume, attachment, usage } = request;
    const { content, blankSizes, epoch } = attachment;
    const { isFormatted, begunAt } = await this.#deps.marks.of(volume, epoch);
    const evidence = await held.inspect({ volume, blankSizes: [...blankSizes, ...begunAt] }, signal);
    const decision = decideFormat({ requested: usage.type, content, evidence, formattedInThisEpoch: isFormatted });
    switch (decision.action) {
      case "format":
      case "mount":
        return { action: decision.action, intents: evidence.kind === "read" ? evidence.intents : [] };
      case "refuse":
        throw refused(volume, decision.reason);
      case "retry": {
        const rule = `its device must be readable: ${decision.reason}`;
        throw failure("unavailable", { cannot: `stage volume ${volume}`, rule });
      }
      default:
        return assertNever(decision);
    }
  }

  /** J3. Intents of a mkfs that was cut short stay until this one has succeeded. */
  async #format(
    request: FilesystemStageRequest,
    { held, size }: Held,
    earlier: readonly FoundIntent[],
    signal: AbortSignal,
  ): Promise<void> {
    const { cluster, node, marks } = this.#deps;
    const { volume, attachment, usage, mkfs: options } = request;
    const uuid = filesystemUuidOf(cluster, volume);
    await this.#job(volume, signal, async (limit) => {
      const place = intentOffset(size);
      const isThere = earlier.some(({ offset }) => offset === place);
      const intent = { volume, type: usage.type, node: node.id, time: new Date().toISOString() };
      // The context may be older than a growth, and know nothing of this size by the next stage.
      await marks.begin(volume, attachment.epoch, size);
      const intents = isThere ? earlier : [...earlier, await held.putIntent(intent, limit)];
      await held.make({ type: usage.type, uuid, isOver: earlier.length > 0, options }, limit);
      for (const found of intents) await held.eraseIntent(found, limit);
      await marks.add(volume, attachment.epoch);
    });
  }

  /** J4, for a file system that is there already. */
  async #remember({ volume, attachment }: FilesystemStageRequest): Promise<void> {
    const { marks } = this.#deps;
    if (attachment.content.state === "present") await marks.remove(volume);
    else if (!(await marks.of(volume, attachment.epoch)).isFormatted) await marks.add(volume, attachment.epoch);
  }

  async #check(volume: VolumeId, { held }: Held, type: FilesystemType, signal: AbortSignal) {
    const result = await this.#job(volume, signal, async (limit) => held.check(type, limit));
    if (result.kind !== "damaged") return result.kind;
    throw refused(volume, `its ${type} file system needs a repair by a person: ${result.report}`);
  }

  async #grow({ volume, type, stagingPath }: GrowthRequest, { held }: Held, signal: AbortSignal) {
    await this.#job(volume, signal, async (limit) => {
      await held.grow(type, stagingPath, limit);
      // A publish may have changed the entry since the request ended.
      await this.#deps.journal.update(volume, (entry) => ({ ...entry, isGrowing: false }));
    });
  }

  /** J2. */
  async #job<T>(volume: VolumeId, signal: AbortSignal, work: (limit: AbortSignal) => Promise<T>): Promise<T> {
    return await this.#jobs.run(volume, async () => work(AbortSignal.timeout(jobLimitMs)), signal);
  }
}

function refused(volume: VolumeId, rule: string) {
  return failure("precondition", { cannot: `stage volume ${volume}`, rule });
}
