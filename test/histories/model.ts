/** What a caller may believe after the answers that it got. It knows nothing of how the driver does it. */
import type { Bytes } from "../../src/domain/capacity.ts";
import type { SnapshotId, VolumeId } from "../../src/domain/identity.ts";
import type { Attachment } from "../../src/domain/model.ts";
import type { NodeName, Pod, SnapshotName, VolumeName } from "./names.ts";
import type { SharingName, UsageName } from "./steps.ts";

/** A node's right to a volume. */
export interface ModelPublication {
  readonly node: NodeName;
  readonly isReadOnly: boolean;
  readonly sharing: SharingName;
  readonly epoch: number;
}

export interface ModelVolume {
  readonly id: VolumeId;
  readonly size: Bytes;
  /** Id of what it is a copy of. */
  readonly source: string | undefined;
  /** Every write that was acknowledged, in the original as well. */
  readonly tokens: readonly string[];
  readonly isForWriters: boolean;
  readonly publications: readonly ModelPublication[];
}

export interface ModelSnapshot {
  readonly id: SnapshotId;
  readonly source: VolumeId;
  readonly size: Bytes;
  readonly tokens: readonly string[];
}

/** A volume on a node. What is not live is still there, but its device is gone. */
export interface ModelStage {
  readonly staged:
    | { readonly usage: UsageName; readonly isReadOnly: boolean; readonly epoch: number; readonly isLive: boolean }
    | undefined;
  readonly targets: ReadonlyMap<Pod, { readonly isReadOnly: boolean; readonly isLive: boolean }>;
  /** How a stage that did not come to its end wanted it: what is left of it may stand in the way of the other kind. */
  readonly attempted: "block" | "filesystem" | "both" | undefined;
}

const nothing: ModelStage = { staged: undefined, targets: new Map(), attempted: undefined };

export class Model {
  readonly volumes = new Map<VolumeName, ModelVolume>();
  readonly snapshots = new Map<SnapshotName, ModelSnapshot>();
  /** Of every name that was ever made. */
  readonly ids = new Map<VolumeName, VolumeId>();
  readonly snapshotIds = new Map<SnapshotName, SnapshotId>();
  readonly contexts = new Map<string, Attachment[]>();
  /** Publications under which a volume was or may have been given to a pod raw while blank: `<node> <volume> <epoch>`. */
  readonly rawSince = new Map<string, "surely" | "maybe">();
  readonly #stages = new Map<string, ModelStage>();
  readonly #epochs = new Map<VolumeName, number>();
  #written = 0;

  stageOf(node: NodeName, name: VolumeName): ModelStage {
    return this.#stages.get(`${node} ${name}`) ?? nothing;
  }

  setStage(node: NodeName, name: VolumeName, change: Partial<ModelStage>): void {
    this.#stages.set(`${node} ${name}`, { ...this.stageOf(node, name), ...change });
  }

  setTarget(node: NodeName, name: VolumeName, pod: Pod, target: { readonly isReadOnly: boolean } | undefined): void {
    const targets = new Map(this.stageOf(node, name).targets);
    if (target === undefined) targets.delete(pod);
    else targets.set(pod, { ...target, isLive: true });
    this.setStage(node, name, { targets });
  }

  /** The device has gone; mounts of it are dead from now on, whatever comes. */
  lose(node: NodeName, name: VolumeName): void {
    const { staged, targets } = this.stageOf(node, name);
    const dead = [...targets].map(([pod, target]) => [pod, { ...target, isLive: false }] as const);
    const past = staged && { ...staged, isLive: false };
    this.setStage(node, name, { staged: past, targets: new Map(dead), attempted: undefined });
  }

  change(name: VolumeName, change: Partial<ModelVolume>): void {
    const volume = this.volumes.get(name);
    if (volume !== undefined) this.volumes.set(name, { ...volume, ...change });
  }

  /** Ends the publication, for a node or for everyone. */
  unpublish(name: VolumeName, from: NodeName | "everyone"): void {
    const publications = this.volumes.get(name)?.publications ?? [];
    const isRevoked = ({ node }: ModelPublication) => from === "everyone" || from === node;
    this.change(name, { publications: publications.filter((held) => !isRevoked(held)) });
    for (const { node } of publications.filter(isRevoked)) this.lose(node, name);
  }

  publicationOf(node: NodeName, name: VolumeName): ModelPublication | undefined {
    return this.volumes.get(name)?.publications.find((held) => held.node === node);
  }

  /** That any volume of the name ever had. */
  highestEpoch(name: VolumeName): number {
    return this.#epochs.get(name) ?? 0;
  }

  /** A publication is there, new or found again. */
  publish(name: VolumeName, publication: ModelPublication): void {
    this.#epochs.set(name, Math.max(this.highestEpoch(name), publication.epoch));
    const others = (this.volumes.get(name)?.publications ?? []).filter(({ node }) => node !== publication.node);
    this.change(name, { publications: [...others, publication] });
  }

  contextsOf(node: NodeName, name: VolumeName): Attachment[] {
    const key = `${node} ${name}`;
    const known = this.contexts.get(key) ?? [];
    this.contexts.set(key, known);
    return known;
  }

  /** A text that nobody wrote before. */
  newToken(): string {
    this.#written += 1;
    return `w${this.#written}`;
  }
}
