/**
 * From a verified device to a mounted file system: look, decide, format once or check, mount.
 *
 * J1  What is done to the device is the gate's decision (format-gate.ts) and nobody else's (R1).
 * J2  mkfs and fsck are jobs that outlive the request; a repeated request waits for them and looks again (R2).
 * J3  That a file system was made, or seen where the context still says blank, is remembered before it is mounted, so
 *     that no later stage of the same publication can take the volume for blank (gate e).
 */
import { failure } from "../domain/errors.ts";
import { filesystemUuidOf, type ClusterId, type VolumeId } from "../domain/identity.ts";
import type { Attachment, FilesystemType, Usage } from "../domain/model.ts";
import type { Filesystem } from "../filesystem/index.ts";
import { assertNever } from "../lib/assert-never.ts";
import { JobTable } from "../lib/job-table.ts";
import type { FormatMarks } from "../node-journal/index.ts";
import type { NvmeDevice } from "../nvme/index.ts";
import { decideFormat } from "./format-gate.ts";

export interface FilesystemStagingDeps {
  readonly cluster: ClusterId;
  readonly filesystem: Filesystem;
  readonly marks: FormatMarks;
}

export interface FilesystemStageRequest {
  readonly volume: VolumeId;
  readonly attachment: Attachment;
  readonly stagingPath: string;
  readonly usage: Extract<Usage, { kind: "filesystem" }>;
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

  async mount(request: FilesystemStageRequest, device: NvmeDevice, signal: AbortSignal) {
    const { attachment, usage, volume } = request;
    const readOnly = attachment.access === "read-only";
    const action = await this.#decide(request, device, signal);
    if (action === "format") {
      if (readOnly) throw refused(volume, "a blank volume is mounted read-write first");
      await this.#format(request, device, signal);
    } else {
      await this.#remember(request);
      if (!readOnly) await this.#check(volume, device, usage.type, signal);
    }
    const { type, options } = usage;
    await this.#deps.filesystem.mount({ device, path: request.stagingPath, type, options, readOnly }, signal);
    if (action === "format") return "formatted and mounted";
    return readOnly ? "mounted" : "checked and mounted";
  }

  async #decide(request: FilesystemStageRequest, device: NvmeDevice, signal: AbortSignal): Promise<"format" | "mount"> {
    const { volume, attachment, usage } = request;
    const { content, blankSizes, epoch } = attachment;
    const formattedInThisEpoch = await this.#deps.marks.has(volume, epoch);
    const evidence = await this.#deps.filesystem.inspect(device, blankSizes, signal);
    const decision = decideFormat({ requested: usage.type, content, evidence, formattedInThisEpoch });
    switch (decision.action) {
      case "format":
      case "mount":
        return decision.action;
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

  async #format(request: FilesystemStageRequest, device: NvmeDevice, signal: AbortSignal): Promise<void> {
    const { cluster, filesystem, marks } = this.#deps;
    const { volume, attachment, usage } = request;
    const uuid = filesystemUuidOf(cluster, volume);
    await this.#job(volume, signal, async (limit) => {
      await filesystem.make(device, usage.type, uuid, limit);
      await marks.add(volume, attachment.epoch);
    });
  }

  /** J3, for a file system that is there already. */
  async #remember({ volume, attachment }: FilesystemStageRequest): Promise<void> {
    const { marks } = this.#deps;
    if (attachment.content.state === "present") await marks.remove(volume);
    else if (!(await marks.has(volume, attachment.epoch))) await marks.add(volume, attachment.epoch);
  }

  async #check(volume: VolumeId, device: NvmeDevice, type: FilesystemType, signal: AbortSignal): Promise<void> {
    const { filesystem } = this.#deps;
    const result = await this.#job(volume, signal, async (limit) => filesystem.check(device, type, limit));
    if (result.kind !== "damaged") return;
    throw refused(volume, `its ${type} file system needs a repair by a person: ${result.report}`);
  }

  /** J2. */
  async #job<T>(volume: VolumeId, signal: AbortSignal, work: (limit: AbortSignal) => Promise<T>): Promise<T> {
    return await this.#jobs.run(volume, async () => work(AbortSignal.timeout(jobLimitMs)), signal);
  }
}

function refused(volume: VolumeId, rule: string) {
  return failure("precondition", { cannot: `stage volume ${volume}`, rule });
}
