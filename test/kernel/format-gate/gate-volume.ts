/**
 * One volume on its way through the format gate, with the means to see whether its backing file was written to.
 *
 * 1. After `preserve`, a reflink copy shares every block of the backing file, so that any write to it, even of the same
 *    bytes, must move to a new block: equal extents are equal bytes.
 * 2. Disposing takes the volume away whatever state a test left it in.
 */
import { randomUUID } from "node:crypto";
import { poll } from "../../../src/host/clock.ts";
import { CsiError, type CodeName } from "../../support/csi-client.ts";
import type { GuestDriver } from "../../support/guest-driver.ts";
import { poolPath } from "../../support/guest-pool.ts";
import { GuestVolume } from "../../support/guest-volume.ts";

export const MiB = 2 ** 20;
export const volumeBytes = 320 * MiB;

const showExtents = `xfs_io -r -c fsync -c "fiemap -v" "$1" | tail -n +3`;

export type PublishContext = Readonly<Record<string, string>>;

/** What the driver said to a stage. */
export interface Answer {
  readonly code: CodeName;
  readonly message: string;
}

export interface GateVolumeOptions {
  /** Milliseconds until the caller of a stage gives up. */
  readonly stageLimitMs?: number;
}

export class GateVolume implements AsyncDisposable {
  readonly backing: string;
  readonly staging: string;
  readonly nqn: string;
  readonly #guest: GuestDriver;
  readonly #volume: GuestVolume;
  readonly #copy: string;
  #extents: string | undefined;
  #stages = 0;

  private constructor(guest: GuestDriver, { stageLimitMs: deadlineMs = 60_000 }: GateVolumeOptions) {
    const { machine, client } = guest;
    const { NodeStageVolume } = client.node;
    const node = {
      ...client.node,
      NodeStageVolume: async (...[request]: Parameters<typeof NodeStageVolume>) =>
        NodeStageVolume(request, { deadlineMs }),
    };
    const name = randomUUID();
    this.#guest = guest;
    this.#volume = new GuestVolume({ machine, client: { controller: client.controller, node } }, name, "ext4");
    this.backing = this.#volume.backing;
    this.staging = this.#volume.staging;
    this.nqn = this.#volume.nqn;
    this.#copy = `${poolPath}/${name}.copy`;
  }

  static async create(guest: GuestDriver, options: GateVolumeOptions): Promise<GateVolume> {
    const volume = new GateVolume(guest, options);
    await volume.#volume.create(volumeBytes / MiB);
    return volume;
  }

  /** Publishes, or publishes again: the context says what the target sees by now. */
  async publish(): Promise<PublishContext> {
    await this.#volume.publish();
    return this.#volume.context;
  }

  async unpublish(): Promise<void> {
    await this.#volume.unpublish();
  }

  async stage(context: PublishContext): Promise<Answer> {
    this.#stages += 1;
    try {
      await this.#volume.stage(context);
      return { code: "OK", message: "" };
    } catch (error) {
      if (!(error instanceof CsiError)) throw error;
      return { code: error.code, message: error.message };
    }
  }

  /** What the log says that the last stage did. The line may arrive after the answer. */
  async did(signal: AbortSignal): Promise<string> {
    const isStage = (line: string) => line.includes(`"rpc":"NodeStageVolume"`) && line.includes(this.#volume.id);
    const last = await poll(async () => {
      const lines = this.#guest.log.filter(isStage);
      return Promise.resolve(lines.length >= this.#stages ? lines.at(-1) : undefined);
    }, signal);
    return (JSON.parse(last) as { readonly did?: string }).did ?? "";
  }

  async unstage(): Promise<void> {
    await this.#volume.unstage();
  }

  /** Runs a bash script; `$1` is the backing file, `$2` the staging path. */
  async run(script: string): Promise<string> {
    const argv = ["bash", "-euo", "pipefail", "-c", script, "-", this.backing, this.staging];
    return (await this.#guest.machine.exec(argv)).stdout;
  }

  /** Ends what the volume is used for on the node, as a reboot does: the driver does not hear of it. */
  async loseMount(): Promise<void> {
    await this.run(`umount "$2"; nvme disconnect --nqn ${this.nqn}`);
  }

  /** Makes the backing blank again. */
  async clear(): Promise<void> {
    await this.run(`fallocate --punch-hole --offset 0 --length ${volumeBytes} "$1"; sync "$1"`);
  }

  /** Remembers the bytes of the backing file (1). */
  async preserve(): Promise<void> {
    this.#extents = await this.run(`sync "$1"; cp --reflink=always "$1" ${this.#copy}; ${showExtents}`);
  }

  /** Whether anything was written to the backing file since `preserve`. */
  async isTouched(): Promise<boolean> {
    if (this.#extents === undefined) throw new Error("BUG: nothing was preserved");
    return this.#extents !== (await this.run(showExtents));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unstage();
    await this.run(`umount -q "$2" || true; rmdir "$2"; rm -f ${this.#copy}`);
    await this.unpublish();
    await this.#volume.delete();
  }
}
