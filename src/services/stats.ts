/**
 * NodeGetVolumeStats: how full a volume is and whether it is well, without a child process.
 *
 * G1  A mount of this volume whose device is gone is still the volume's: it is unwell, not unknown.
 */
import { exportIdentityOf, type VolumeId } from "../domain/identity.ts";
import type { Condition } from "../domain/model.ts";
import { topMountAt, type Mount, type SpaceUsage } from "../filesystem/index.ts";
import { live, mountedAt, shows, troubleOf, type MountedDeps } from "./staged-volume.ts";

export interface VolumeStats {
  /** Empty when there is no device to measure. */
  readonly usage: readonly SpaceUsage[];
  readonly condition: Condition;
}

export class Stats {
  readonly #deps: MountedDeps;

  constructor(deps: MountedDeps) {
    this.#deps = deps;
  }

  async of(volume: VolumeId, path: string, signal: AbortSignal): Promise<VolumeStats> {
    const { cluster, initiator, filesystem } = this.#deps;
    const { device, mount, entry } = await mountedAt(
      this.#deps,
      { volume, path, cannot: `measure volume ${volume}` },
      signal,
    );
    const isNode = mount.type === "devtmpfs";
    if (device === undefined || !shows(mount, live(device))) {
      return { usage: isNode ? [] : await filesystem.usage(path), condition: lost };
    }
    const connection = await initiator.condition(exportIdentityOf(cluster, volume));
    const condition = await this.#conditionOf(mount, entry?.stagingPath, connection);
    if (!isNode) return { usage: await filesystem.usage(path), condition };
    return { usage: [{ unit: "bytes", total: device.size, available: 0n, used: 0n }], condition };
  }

  async #conditionOf(mount: Mount, stagingPath: string | undefined, connection: Condition): Promise<Condition> {
    if (connection.abnormal || mount.type === "devtmpfs") return connection;
    const { filesystem } = this.#deps;
    // A file system that has turned read-only leaves its mount there writable.
    const staged = topMountAt(await filesystem.mounts(), stagingPath ?? mount.path);
    const message = await troubleOf(filesystem, mount, { isStagedReadOnly: staged?.options.includes("ro") === true });
    return message === undefined ? connection : { abnormal: true, message };
  }
}

const lost: Condition = {
  abnormal: true,
  message: "its device is gone; end the pods that use it here, and it is mounted anew",
};
