/** One node of the bed: a driver process over a kernel and files that outlive it, and what pods do on it. */
import { exportIdentityOf, type ClusterId, type Uuid, type VolumeId } from "../../src/domain/identity.ts";
import type { NodeIdentity } from "../../src/domain/model.ts";
import { formatNodeId } from "../../src/domain/node-id.ts";
import { Expansion } from "../../src/services/expansion.ts";
import { FilesystemStaging } from "../../src/services/filesystem-staging.ts";
import { Publishing } from "../../src/services/publishing.ts";
import { Staging } from "../../src/services/staging.ts";
import { Stats } from "../../src/services/stats.ts";
import { MemoryJournal, MemoryMarks, MemoryPaths } from "../support/node-memory.ts";
import { Recorder } from "../support/recorder.ts";
import type { BedBackend } from "./bed-backend.ts";
import { BedFilesystem } from "./bed-filesystem.ts";
import { BedInitiator } from "./bed-initiator.ts";
import { nodeNames, stagingOf, volumeNames, type NodeName } from "./names.ts";

export interface Services {
  readonly staging: Staging;
  readonly publishing: Publishing;
  readonly expansion: Expansion;
  readonly stats: Stats;
}

export class BedNode {
  readonly identity: NodeIdentity;
  readonly recorder = new Recorder();
  readonly filesystem: BedFilesystem;
  readonly initiator: BedInitiator;
  readonly journal = new MemoryJournal();
  readonly marks = new MemoryMarks();
  readonly paths = new MemoryPaths(...volumeNames.map(stagingOf));
  readonly #cluster: ClusterId;
  services: Services;

  constructor(name: NodeName, { cluster, backend }: { readonly cluster: ClusterId; readonly backend: BedBackend }) {
    this.#cluster = cluster;
    const uuid = `7f000000-1111-4222-8333-44445555666${nodeNames.indexOf(name)}` as Uuid;
    this.identity = { id: formatNodeId(`node-${name}`, uuid, name.repeat(43)), uuid };
    const diskAt: BedBackend["diskAt"] = (nqn) => backend.diskAt(nqn);
    const filesystem = new BedFilesystem({ recorder: this.recorder, initiator: () => this.initiator, diskAt });
    this.filesystem = filesystem;
    const mounted = async () => filesystem.mountedNumbers();
    this.initiator = new BedInitiator({ exportOf: (nqn) => backend.exportOf(nqn), mounted });
    this.services = this.#start();
  }

  #start(): Services {
    const { recorder, identity: node } = this;
    const host = {
      ...{ cluster: this.#cluster, node },
      initiator: recorder.watch("initiator", this.initiator, ["connect", "disconnect"]),
      filesystem: recorder.watch("filesystem", this.filesystem, ["bind", "unmount"]),
      journal: recorder.watch("journal", this.journal, ["save", "update", "remove"]),
      marks: recorder.watch("marks", this.marks, ["begin", "add", "remove"]),
      paths: recorder.watch("paths", this.paths, ["ensureTarget", "removeTarget"]),
    };
    const deps = { ...host, filesystems: new FilesystemStaging(host) };
    const [staging, publishing] = [new Staging(deps), new Publishing(deps)];
    return { staging, publishing, expansion: new Expansion(deps), stats: new Stats(deps) };
  }

  /** A new process: what was in memory is gone, the kernel and the files stay. */
  restart(): void {
    this.recorder.revive();
    this.services = this.#start();
  }

  /** The connection ends without a word of the driver: the kernel has given up. */
  async lose(volume: VolumeId): Promise<void> {
    await this.initiator.disconnect(exportIdentityOf(this.#cluster, volume).nqn, new AbortController().signal);
    await this.settle();
  }

  /** The kernel notices which devices have gone. */
  async settle(): Promise<void> {
    await this.filesystem.mounts();
  }

  /** A pod writes; whether that was acknowledged. */
  async write(path: string, token: string): Promise<boolean> {
    const shown = await this.filesystem.shown(path);
    if (shown === undefined || shown.isReadOnly) return false;
    shown.disk.write(token);
    return true;
  }
}
