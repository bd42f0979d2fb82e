/** One volume of a driver in the lab, through CSI calls: what the kernel tests do with it, step by step. */
import { exportIdentityOf, volumeIdOf, type ClusterId } from "../../src/domain/identity.ts";
import type { FilesystemType } from "../../src/domain/model.ts";
import type { VolumeContentSource } from "../../src/gen/csi/v1/VolumeContentSource.ts";
import type { VolumeCapability } from "../../src/gen/csi/v1/VolumeCapability.ts";
import type { Machine } from "../lab/machine.ts";
import type { CallOptions, CsiClient } from "./csi-client.ts";
import { guestCluster } from "./guest-driver.ts";
import { poolPath } from "./guest-pool.ts";

/** A machine and the driver that serves its volumes there. */
export interface VolumeHost {
  readonly machine: Machine;
  readonly client: Pick<CsiClient, "controller" | "node">;
}

const cluster = guestCluster as ClusterId;
/** What a StorageClass says. */
export interface ClassOptions {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly mountOptions?: readonly string[];
  /** Access mode of the claim; one writer unless given. */
  readonly mode?:
    "SINGLE_NODE_WRITER" | "SINGLE_NODE_READER_ONLY" | "MULTI_NODE_READER_ONLY" | "MULTI_NODE_MULTI_WRITER";
}

function capabilityOf(use: "block" | FilesystemType, { mode, mountOptions = [] }: ClassOptions): VolumeCapability {
  const access_mode = { mode: mode ?? "SINGLE_NODE_WRITER" } as const;
  const mount_flags = [...mountOptions];
  return use === "block" ? { access_mode, block: {} } : { access_mode, mount: { fs_type: use, mount_flags } };
}

export class GuestVolume {
  readonly id: string;
  readonly nqn: string;
  /** UUID of the namespace. */
  readonly uuid: string;
  /** In the machine. */
  readonly backing: string;
  readonly staging: string;
  readonly target: string;
  /** Of the last publish. */
  context: Record<string, string> = {};
  readonly #guest: VolumeHost;
  readonly #name: string;
  readonly #capability: VolumeCapability;
  readonly #parameters: Record<string, string>;
  #volumeContext: Record<string, string> = {};

  constructor(guest: VolumeHost, name: string, use: "block" | FilesystemType, options: ClassOptions = {}) {
    const { parameters = {} } = options;
    const volume = volumeIdOf(cluster, name);
    const { nqn, uuid } = exportIdentityOf(cluster, volume);
    this.#guest = guest;
    this.#name = name;
    this.#capability = capabilityOf(use, options);
    this.#parameters = { ...parameters };
    this.id = `nvmet/${volume}`;
    this.nqn = nqn;
    this.uuid = uuid;
    this.backing = `${poolPath}/volumes/${volume}.img`;
    this.staging = `/run/kubelet/${name}/staging`;
    this.target = `/run/kubelet/${name}/pod/target`;
  }

  /** Makes the volume; 320 MiB unless given, and blank unless it is to be a copy. */
  async create(sizeMiB = 320, volume_content_source: VolumeContentSource | null = null): Promise<void> {
    const { volume } = await this.#guest.client.controller.CreateVolume({
      name: this.#name,
      capacity_range: { required_bytes: String(sizeMiB * 1024 * 1024) },
      volume_capabilities: [this.#capability],
      parameters: this.#parameters,
      volume_content_source,
    });
    this.#volumeContext = volume?.volume_context ?? {};
    if (volume?.volume_id !== this.id) throw new Error(`expected volume ${this.id}; got ${volume?.volume_id}`);
    await this.#guest.machine.exec(["mkdir", "-p", this.staging]);
  }

  async publish(): Promise<void> {
    const { node_id } = await this.#guest.client.node.NodeGetInfo({});
    const request = { volume_id: this.id, node_id, volume_capability: this.#capability };
    this.context = (await this.#guest.client.controller.ControllerPublishVolume(request)).publish_context;
  }

  async stage(context = this.context, options: CallOptions = {}): Promise<void> {
    const request = {
      volume_id: this.id,
      volume_context: this.#volumeContext,
      publish_context: context,
      staging_target_path: this.staging,
      volume_capability: this.#capability,
    };
    await this.#guest.client.node.NodeStageVolume(request, options);
  }

  async nodePublish(options: { readonly readOnly?: boolean } = {}): Promise<void> {
    await this.#guest.client.node.NodePublishVolume({
      volume_id: this.id,
      publish_context: this.context,
      staging_target_path: this.staging,
      target_path: this.target,
      volume_capability: this.#capability,
      readonly: options.readOnly ?? false,
    });
  }

  async nodeUnpublish(): Promise<void> {
    await this.#guest.client.node.NodeUnpublishVolume({ volume_id: this.id, target_path: this.target });
  }

  async unstage(): Promise<void> {
    await this.#guest.client.node.NodeUnstageVolume({ volume_id: this.id, staging_target_path: this.staging });
  }

  async unpublish(): Promise<void> {
    const { node_id } = await this.#guest.client.node.NodeGetInfo({});
    await this.#guest.client.controller.ControllerUnpublishVolume({ volume_id: this.id, node_id });
  }

  async delete(): Promise<void> {
    await this.#guest.client.controller.DeleteVolume({ volume_id: this.id });
  }

  /** Makes the volume larger, on the target and here. */
  async expand(sizeMiB: number): Promise<void> {
    const capacity_range = { required_bytes: String(sizeMiB * 1024 * 1024) };
    await this.#guest.client.controller.ControllerExpandVolume({ volume_id: this.id, capacity_range });
    const paths = { volume_path: this.target, staging_target_path: this.staging };
    await this.#guest.client.node.NodeExpandVolume({ volume_id: this.id, capacity_range, ...paths });
  }

  /** Takes a snapshot, and gives it as something to copy. */
  async snapshot(name: string): Promise<VolumeContentSource & { readonly snapshot: { readonly snapshot_id: string } }> {
    const { snapshot } = await this.#guest.client.controller.CreateSnapshot({ name, source_volume_id: this.id });
    return { snapshot: { snapshot_id: snapshot?.snapshot_id ?? "" } };
  }

  /** The volume as something to copy. */
  get asSource(): VolumeContentSource {
    return { volume: { volume_id: this.id } };
  }

  /** Everything up to the stage. */
  async open(sizeMiB?: number, source?: VolumeContentSource): Promise<void> {
    await this.create(sizeMiB, source);
    await this.publish();
    await this.stage();
  }

  /** Everything back. */
  async destroy(): Promise<void> {
    await this.nodeUnpublish();
    await this.unstage();
    await this.unpublish();
    await this.delete();
  }

  /** Path of the head device in the machine, found by NQN and UUID as a person would. */
  async device(): Promise<string> {
    const { stdout } = await this.#guest.machine.sh(`
      for subsystem in /sys/class/nvme-subsystem/*; do
        [ "$(cat $subsystem/subsysnqn)" = "${this.nqn}" ] || continue
        for head in $subsystem/nvme*n*; do
          [ "$(cat $head/uuid)" = "${this.uuid}" ] && echo /dev/\${head##*/}
        done
      done`);
    return stdout.trim();
  }

  /** When the backing file was last written, in nanoseconds since the epoch. */
  async lastWrite(): Promise<bigint> {
    const { stdout } = await this.#guest.machine.exec(["stat", "--format=%.9Y", this.backing]);
    return BigInt(stdout.trim().replace(".", ""));
  }
}
