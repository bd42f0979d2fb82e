/**
 * One volume on its way through the format gate, with the means to see whether its backing file was written to.
 *
 * 1. After `preserve`, a reflink copy shares every block of the backing file, so that any write to it, even of the same
 *    bytes, must move to a new block: equal extents are equal bytes.
 * 2. Disposing takes the volume away whatever state a test left it in.
 */
import { randomUUID } from "node:crypto";
import { poll } from "../../../src/host/clock.ts";
import type { Machine } from "../../lab/machine.ts";
import { CsiError, type CallOptions, type CodeName } from "../../support/csi-client.ts";
import { poolPath, type GuestDriver } from "../../support/guest-driver.ts";

export const MiB = 2 ** 20;
export const volumeBytes = 320 * MiB;

const capability = { mount: { fs_type: "ext4" }, access_mode: { mode: "SINGLE_NODE_WRITER" } } as const;

export type PublishContext = Readonly<Record<string, string>>;

/** What the driver said to a stage. */
export interface Answer {
  readonly code: CodeName;
  readonly message: string;
}

export interface GateBenchParts {
  readonly guest: GuestDriver;
  readonly node: string;
}

export async function openGateVolume(parts: GateBenchParts): Promise<GateVolume> {
  const { volume } = await parts.guest.client.controller.CreateVolume({
    name: randomUUID(),
    capacity_range: { required_bytes: String(volumeBytes) },
    volume_capabilities: [capability],
  });
  const made = new GateVolume(volume?.volume_id ?? "", parts);
  await parts.guest.machine.exec(["mkdir", made.staging]);
  return made;
}

export class GateVolume implements AsyncDisposable {
  readonly id: string;
  readonly backing: string;
  readonly staging: string;
  readonly #guest: GuestDriver;
  readonly #machine: Machine;
  readonly #node: string;
  readonly #copy: string;
  #extents: string | undefined;
  #stages = 0;

  constructor(id: string, { guest, node }: GateBenchParts) {
    const name = id.slice(id.indexOf("/") + 1);
    this.id = id;
    this.backing = `${poolPath}/volumes/${name}.img`;
    this.staging = `/kubelet/${name}`;
    this.#guest = guest;
    this.#machine = guest.machine;
    this.#node = node;
    this.#copy = `${poolPath}/${name}.copy`;
  }

  /** Publishes, or publishes again: the context says what the target sees by now. */
  async publish(): Promise<PublishContext> {
    const request = { volume_id: this.id, node_id: this.#node, volume_capability: capability };
    return (await this.#guest.client.controller.ControllerPublishVolume(request)).publish_context ?? {};
  }

  async unpublish(): Promise<void> {
    await this.#guest.client.controller.ControllerUnpublishVolume({ volume_id: this.id, node_id: this.#node });
  }

  async stage(publish_context: PublishContext, options?: CallOptions): Promise<Answer> {
    this.#stages += 1;
    const request = { volume_id: this.id, publish_context, volume_capability: capability };
    try {
      await this.#guest.client.node.NodeStageVolume({ ...request, staging_target_path: this.staging }, options);
      return { code: "OK", message: "" };
    } catch (error) {
      if (!(error instanceof CsiError)) throw error;
      return { code: error.code, message: error.message };
    }
  }

  /** What the log says that the last stage did. The line may arrive after the answer. */
  async did(signal: AbortSignal): Promise<string> {
    const line = await poll(async () => {
      const lines = this.#guest.log.filter(
        (text) => text.includes(`"rpc":"NodeStageVolume"`) && text.includes(this.id),
      );
      return Promise.resolve(lines.length >= this.#stages ? lines.at(-1) : undefined);
    }, signal);
    return (JSON.parse(line) as { readonly did?: string }).did ?? "";
  }

  async unstage(): Promise<void> {
    await this.#guest.client.node.NodeUnstageVolume({ volume_id: this.id, staging_target_path: this.staging });
  }

  /** Runs a bash script; `$1` is the backing file, `$2` the staging path. */
  async run(script: string): Promise<string> {
    const argv = ["bash", "-euo", "pipefail", "-c", script, "-", this.backing, this.staging];
    return (await this.#machine.exec(argv)).stdout;
  }

  /** Ends what the volume is used for on the node, as a reboot does: the driver does not hear of it. */
  async loseMount(): Promise<void> {
    await this.run(`umount "$2"; nvme disconnect --nqn "$(ls /sys/kernel/config/nvmet/subsystems | grep "\${2##*/}")"`);
  }

  /** Remembers the bytes of the backing file (1). */
  async preserve(): Promise<void> {
    await this.run(`sync "$1"; cp --reflink=always "$1" ${this.#copy}`);
    this.#extents = await this.#map();
  }

  /** Whether anything was written to the backing file since `preserve`. */
  async isTouched(): Promise<boolean> {
    if (this.#extents === undefined) throw new Error("BUG: nothing was preserved");
    return this.#extents !== (await this.#map());
  }

  async #map(): Promise<string> {
    return await this.run(`xfs_io -r -c fsync -c "fiemap -v" "$1" | tail -n +3`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unstage();
    await this.run(`umount -q "$2" || true; rmdir "$2"; rm -f ${this.#copy}`);
    await this.unpublish();
    await this.#guest.client.controller.DeleteVolume({ volume_id: this.id });
  }
}
