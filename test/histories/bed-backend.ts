/** The memory back end with data: a disk behind each volume and snapshot, and copies that carry it, as of one instant. */
import { MemoryBackend, type MemoryExport } from "../../src/backends/memory/memory-backend.ts";
import type { PublishRequest, Revoked, SnapshotSpec, VolumeSpec } from "../../src/backends/backend.ts";
import type { Bytes } from "../../src/domain/capacity.ts";
import { failure } from "../../src/domain/errors.ts";
import {
  exportIdentityOf,
  type ClusterId,
  type Nqn,
  type SnapshotId,
  type VolumeId,
} from "../../src/domain/identity.ts";
import type { Content, VolumeSource } from "../../src/domain/model.ts";
import { Disk } from "./disk.ts";

const total = 1n << 50n;

export class BedBackend extends MemoryBackend {
  readonly #cluster: ClusterId;
  readonly disks = new Map<VolumeId, Disk>();
  readonly snapshotDisks = new Map<SnapshotId, Disk>();
  readonly #byNqn = new Map<Nqn, VolumeId>();
  /** What was seen on a volume; never blank again (B6). */
  readonly #seen = new Map<VolumeId, Content>();

  /** Until something changes: it is asked for all the time. */
  readonly #exports = new Map<Nqn, MemoryExport | undefined>();

  constructor(cluster: ClusterId) {
    super({ total, cluster });
    this.#cluster = cluster;
  }

  /** The disk that a host finds under an NQN. */
  diskAt(nqn: Nqn): Disk | undefined {
    const volume = this.#byNqn.get(nqn);
    return volume && this.disks.get(volume);
  }

  override exportOf(nqn: Nqn): MemoryExport | undefined {
    if (!this.#exports.has(nqn)) this.#exports.set(nqn, super.exportOf(nqn));
    return this.#exports.get(nqn);
  }

  override async expand(id: VolumeId, size: Bytes, signal: AbortSignal) {
    const volume = await super.expand(id, size, signal);
    this.#exports.clear();
    return volume;
  }

  override async create(spec: VolumeSpec, signal: AbortSignal) {
    const isNew = !this.disks.has(spec.id);
    if (isNew && spec.source !== undefined) assertFinished(this.#diskOf(spec.source));
    const volume = await super.create(spec, signal);
    this.#exports.clear();
    if (isNew) this.disks.set(spec.id, (spec.source && this.#diskOf(spec.source))?.copy() ?? new Disk());
    this.#byNqn.set(exportIdentityOf(this.#cluster, spec.id).nqn, spec.id);
    return volume;
  }

  #diskOf(source: VolumeSource): Disk | undefined {
    return source.kind === "volume" ? this.disks.get(source.id) : this.snapshotDisks.get(source.id);
  }

  override async createSnapshot(spec: SnapshotSpec, signal: AbortSignal) {
    const disk = this.disks.get(spec.source);
    const isNew = !this.snapshotDisks.has(spec.id);
    if (isNew) assertFinished(disk);
    const snapshot = await super.createSnapshot(spec, signal);
    if (isNew && disk !== undefined) this.snapshotDisks.set(spec.id, disk.copy());
    return snapshot;
  }

  override async delete(id: VolumeId, signal: AbortSignal) {
    await super.delete(id, signal);
    this.#exports.clear();
    this.disks.delete(id);
    this.#seen.delete(id);
  }

  override async deleteSnapshot(id: SnapshotId, signal: AbortSignal) {
    await super.deleteSnapshot(id, signal);
    this.snapshotDisks.delete(id);
  }

  override async publish(id: VolumeId, request: PublishRequest, signal: AbortSignal) {
    const attachment = await super.publish(id, request, signal);
    this.#exports.clear();
    return { ...attachment, content: this.#look(id) };
  }

  override async unpublish(id: VolumeId, revoked: Revoked, signal: AbortSignal) {
    await super.unpublish(id, revoked, signal);
    this.#exports.clear();
    if (this.disks.has(id)) this.#look(id);
  }

  #look(id: VolumeId): Content {
    const now: Content = this.disks.get(id)?.content ?? { state: "blank" };
    const before = this.#seen.get(id);
    const content = now.state === "blank" && before !== undefined ? before : now;
    this.#seen.set(id, content);
    return content;
  }
}

/** The real back end refuses too: in a copy a format intent would not be seen for what it is. */
function assertFinished(disk: Disk | undefined): void {
  if (disk?.intent === undefined) return;
  throw failure("precondition", { cannot: "copy the volume", rule: "a file system is being made on it" });
}
