/** What the contract's tests share: requests in their short form, volumes and snapshots that go away by themselves. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { CapacityRange } from "../../../src/gen/csi/v1/CapacityRange.ts";
import type { ControllerExpandVolumeResponse__Output } from "../../../src/gen/csi/v1/ControllerExpandVolumeResponse.ts";
import type { ControllerPublishVolumeRequest } from "../../../src/gen/csi/v1/ControllerPublishVolumeRequest.ts";
import type { CreateSnapshotRequest } from "../../../src/gen/csi/v1/CreateSnapshotRequest.ts";
import type { CreateVolumeGroupSnapshotRequest } from "../../../src/gen/csi/v1/CreateVolumeGroupSnapshotRequest.ts";
import type { CreateVolumeRequest } from "../../../src/gen/csi/v1/CreateVolumeRequest.ts";
import type { Snapshot__Output } from "../../../src/gen/csi/v1/Snapshot.ts";
import type { Volume__Output } from "../../../src/gen/csi/v1/Volume.ts";
import type { VolumeCapability } from "../../../src/gen/csi/v1/VolumeCapability.ts";
import type { VolumeGroupSnapshot__Output } from "../../../src/gen/csi/v1/VolumeGroupSnapshot.ts";
import { CsiError, type CodeName, type CsiClient } from "../../support/csi-client.ts";

export const MiB = 1024n * 1024n;
export const GiB = 1024n * MiB;
export const smallest = 320n * MiB;
/** What sizes are multiples of. */
export const step = 4n * MiB;
/** What the file system under a pool may need for itself while something is made. */
export const poolNoise = 16n * MiB;

/** An id as every back end makes them, of a volume that was never made. */
export const neverMade = `v1-${"0".repeat(32)}`;
/** The same of a snapshot. */
export const neverTaken = `s1-${"0".repeat(32)}`;
/** The same of a group of snapshots. */
export const neverGrouped = `g1-${"0".repeat(32)}`;

export const mountCapability = {
  mount: { fs_type: "ext4" },
  access_mode: { mode: "SINGLE_NODE_WRITER" },
} as const satisfies VolumeCapability;

export interface PublishAnswer {
  readonly context: Readonly<Record<string, string>>;
  readonly epoch: number;
}

/** Names of this run: a leftover of an earlier one must not answer for a volume of this one. */
const run = randomUUID().slice(0, 8);

export class Bench {
  readonly #clientOf: () => CsiClient;
  readonly #published = new Set<string>();
  #names = 0;

  constructor(clientOf: () => CsiClient) {
    this.#clientOf = clientOf;
  }

  get controller(): CsiClient["controller"] {
    return this.#clientOf().controller;
  }

  /** A name that no other test uses. */
  newName(): string {
    this.#names += 1;
    return `contract-${run}-${this.#names}`;
  }

  async create(request: CreateVolumeRequest): Promise<Volume__Output> {
    const { volume } = await this.controller.CreateVolume({ volume_capabilities: [mountCapability], ...request });
    assert.ok(volume, "CreateVolume answers with a volume");
    return volume;
  }

  /** A volume of the smallest size that is unpublished and deleted when its holder goes out of scope. */
  async volume(request: CreateVolumeRequest = {}): Promise<{ readonly id: string } & AsyncDisposable> {
    const size = { required_bytes: String(smallest) };
    const { volume_id: id } = await this.create({ name: this.newName(), capacity_range: size, ...request });
    return {
      id,
      [Symbol.asyncDispose]: async () => {
        await this.discard(id);
      },
    };
  }

  async discard(volume_id: string): Promise<void> {
    if (this.#published.delete(volume_id)) await this.unpublish(volume_id, "");
    await this.controller.DeleteVolume({ volume_id });
  }

  async takeSnapshot(request: CreateSnapshotRequest): Promise<Snapshot__Output> {
    const { snapshot } = await this.controller.CreateSnapshot({ name: this.newName(), ...request });
    assert.ok(snapshot, "CreateSnapshot answers with a snapshot");
    return snapshot;
  }

  /** A snapshot that is deleted when its holder goes out of scope. */
  async snapshot(
    source_volume_id: string,
    request: CreateSnapshotRequest = {},
  ): Promise<{ readonly id: string; readonly taken: Snapshot__Output } & AsyncDisposable> {
    const taken = await this.takeSnapshot({ source_volume_id, ...request });
    const { snapshot_id: id } = taken;
    return {
      ...{ id, taken },
      [Symbol.asyncDispose]: async () => {
        await this.controller.DeleteSnapshot({ snapshot_id: id });
      },
    };
  }

  get groups(): CsiClient["groups"] {
    return this.#clientOf().groups;
  }

  async takeGroup(request: CreateVolumeGroupSnapshotRequest): Promise<VolumeGroupSnapshot__Output> {
    const named = { name: this.newName(), ...request };
    const { group_snapshot: group } = await this.groups.CreateVolumeGroupSnapshot(named);
    assert.ok(group, "CreateVolumeGroupSnapshot answers with a group");
    return group;
  }

  /** A group of snapshots that is deleted when its holder goes out of scope. */
  async group(
    source_volume_ids: string[],
    request: CreateVolumeGroupSnapshotRequest = {},
  ): Promise<{ readonly id: string; readonly taken: VolumeGroupSnapshot__Output } & AsyncDisposable> {
    const taken = await this.takeGroup({ source_volume_ids, ...request });
    const { group_snapshot_id: id } = taken;
    return {
      ...{ id, taken },
      [Symbol.asyncDispose]: async () => {
        await this.groups.DeleteVolumeGroupSnapshot({ group_snapshot_id: id });
      },
    };
  }

  async grow(volume_id: string, capacity_range: CapacityRange): Promise<ControllerExpandVolumeResponse__Output> {
    return await this.controller.ControllerExpandVolume({ volume_id, capacity_range });
  }

  /** A volume as it is shown when it is asked for. */
  async shown(volume_id: string): Promise<Volume__Output> {
    const { volume } = await this.controller.ControllerGetVolume({ volume_id });
    assert.ok(volume, "ControllerGetVolume answers with a volume");
    return volume;
  }

  async free(): Promise<bigint> {
    return BigInt((await this.controller.GetCapacity({})).available_capacity);
  }

  async publish(
    volume_id: string,
    node_id: string,
    volume_capability: VolumeCapability = mountCapability,
  ): Promise<PublishAnswer> {
    // Also when the call fails: what it did before is unknown.
    this.#published.add(volume_id);
    const request: ControllerPublishVolumeRequest = { volume_id, node_id, volume_capability };
    const { publish_context: context } = await this.controller.ControllerPublishVolume(request);
    const epoch = Number(context["epoch"]);
    assert.ok(Number.isSafeInteger(epoch) && epoch > 0, `an epoch is a positive number, got ${context["epoch"]}`);
    return { context, epoch };
  }

  async unpublish(volume_id: string, node_id: string): Promise<void> {
    await this.controller.ControllerUnpublishVolume({ volume_id, node_id });
  }

  /** The nodes that a volume says it is published to. */
  async holders(volume_id: string): Promise<readonly string[]> {
    const { status } = await this.controller.ControllerGetVolume({ volume_id });
    return status?.published_node_ids ?? [];
  }
}

/** The range that admits one size. */
export function exactly(size: bigint): { readonly required_bytes: string; readonly limit_bytes: string } {
  return { required_bytes: String(size), limit_bytes: String(size) };
}

/** Fails unless the call is refused with this code and a message that matches every pattern. */
export async function refused(call: Promise<unknown>, code: CodeName, ...patterns: readonly RegExp[]): Promise<void> {
  const error = await call.then(
    () => assert.fail(`the call must be refused with ${code}, and it was served`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CsiError, String(error));
  assert.equal(error.code, code, error.message);
  for (const pattern of patterns) assert.match(error.message, pattern);
}

/** A pattern for a text as it stands. */
export function literally(text: string): RegExp {
  return new RegExp(text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
}
