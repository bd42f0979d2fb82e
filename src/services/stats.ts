/**
 * NodeGetVolumeStats: how full a volume is and whether it is well, without a child process.
 *
 * G1  A mount of this volume whose device is gone is still the volume's: it is unwell, not unknown.
 */
import { failure } from "../domain/errors.ts";
import { exportIdentityOf, type ClusterId, type VolumeId } from "../domain/identity.ts";
import type { Condition } from "../domain/model.ts";
import { topMountAt, type Filesystem, type Mount, type SpaceUsage } from "../filesystem/index.ts";
import type { NodeJournal } from "../node-journal/index.ts";
import type { Initiator } from "../nvme/index.ts";
import { live, ownDevicesOf, shows, showsAny, troubleOf } from "./staged-volume.ts";

export interface StatsDeps {
  readonly cluster: ClusterId;
  readonly initiator: Initiator;
  readonly filesystem: Filesystem;
  readonly journal: NodeJournal;
}

export interface VolumeStats {
  /** Empty when there is no device to measure. */
  readonly usage: readonly SpaceUsage[];
  readonly condition: Condition;
}

export class Stats {
  readonly #deps: StatsDeps;

  constructor(deps: StatsDeps) {
    this.#deps = deps;
  }

  async of(volume: VolumeId, path: string, signal: AbortSignal): Promise<VolumeStats> {
    const { cluster, initiator, filesystem } = this.#deps;
    const target = exportIdentityOf(cluster, volume);
    const { device, devices } = await ownDevicesOf(this.#deps, { volume, target }, signal);
    const mount = topMountAt(await filesystem.mounts(), path);
    if (mount === undefined || !showsAny(mount, devices)) {
      const rule = "volume_path must be where the volume is staged or published";
      throw failure("not_found", { cannot: `measure volume ${volume}`, rule, got: path });
    }
    const isNode = mount.type === "devtmpfs";
    if (device === undefined || !shows(mount, live(device))) {
      return { usage: isNode ? [] : await filesystem.usage(path), condition: lost };
    }
    const condition = await this.#conditionOf(mount, await initiator.condition(target));
    if (!isNode) return { usage: await filesystem.usage(path), condition };
    return { usage: [{ unit: "bytes", total: device.size, available: 0n, used: 0n }], condition };
  }

  async #conditionOf(mount: Mount, connection: Condition): Promise<Condition> {
    if (connection.abnormal || mount.type === "devtmpfs") return connection;
    const message = await troubleOf(this.#deps.filesystem, mount);
    return message === undefined ? connection : { abnormal: true, message };
  }
}

const lost: Condition = {
  abnormal: true,
  message: "its device is gone; end the pods that use it here, and it is mounted anew",
};
