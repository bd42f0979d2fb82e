/** The bed of a history: one controller over a target with data, two nodes, and everything that may outlive a call. */
import type { ClusterId, Nqn, SnapshotId, VolumeId } from "../../src/domain/identity.ts";
import { exportIdentityOf, snapshotIdOf, volumeIdOf } from "../../src/domain/identity.ts";
import { Attachments } from "../../src/services/attachment.ts";
import { Provisioning } from "../../src/services/provisioning.ts";
import { Snapshots } from "../../src/services/snapshots.ts";
import { Recorder } from "../support/recorder.ts";
import { BedBackend } from "./bed-backend.ts";
import { BedNode } from "./bed-node.ts";
import type { NodeName, SnapshotName, VolumeName } from "./names.ts";

const cluster = "test-cluster" as ClusterId;

export class Bed {
  readonly backend = new BedBackend(cluster);
  readonly recorder = new Recorder();
  readonly nodes: Readonly<Record<NodeName, BedNode>>;
  readonly provisioning: Provisioning;
  readonly attachments: Attachments;
  readonly snapshots: Snapshots;

  readonly #nqns = new Map<VolumeId, Nqn>();

  constructor() {
    const shared = { cluster, backend: this.backend };
    this.nodes = { A: new BedNode("A", shared), B: new BedNode("B", shared) };
    const { recorder } = this;
    const backend = recorder.watch("backend", this.backend, [
      ...(["create", "delete", "expand", "createSnapshot", "deleteSnapshot", "publish", "unpublish"] as const),
    ]);
    // The controller runs in one process with node A (all-in-one), and apart from node B.
    const marks = recorder.watch("marks", this.nodes.A.marks, ["remove"]);
    this.provisioning = new Provisioning({ backend, cluster });
    this.attachments = new Attachments({ backend, marks, maxVolumes: 0 });
    this.snapshots = new Snapshots({ backend, cluster });
  }

  /** What a caller would call a volume that it has not made: an id that was never given out. */
  strangeVolume(name: VolumeName): VolumeId {
    return volumeIdOf("another-cluster" as ClusterId, name);
  }

  strangeSnapshot(name: SnapshotName): SnapshotId {
    return snapshotIdOf("another-cluster" as ClusterId, name);
  }

  /** Computed once: it is asked for after every step. */
  nqnOf(volume: VolumeId): Nqn {
    const nqn = this.#nqns.get(volume) ?? exportIdentityOf(cluster, volume).nqn;
    this.#nqns.set(volume, nqn);
    return nqn;
  }
}
