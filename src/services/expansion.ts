/**
 * NodeExpandVolume: the node's part of growth. The target has made the volume larger before.
 *
 * X1  It ends when the kernel shows the new size and the file system has it; done already is done.
 * X2  What takes no writes is not grown: a read-only file system answers with the size of its device (F53).
 */
import { chooseGrowth, type Bytes, type CapacityRange } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import { exportIdentityOf, type VolumeId } from "../domain/identity.ts";
import { filesystemTypes } from "../domain/model.ts";
import type { FilesystemStaging } from "./filesystem-staging.ts";
import { live, mountedAt, shows, type MountedDeps } from "./staged-volume.ts";

export interface ExpansionDeps extends MountedDeps {
  readonly filesystems: FilesystemStaging;
}

export class Expansion {
  readonly #deps: ExpansionDeps;

  constructor(deps: ExpansionDeps) {
    this.#deps = deps;
  }

  /** `path` is where the volume is staged or published. Returns the size of the device. */
  async expand(
    { volume, path, capacity }: { readonly volume: VolumeId; readonly path: string; readonly capacity: CapacityRange },
    signal: AbortSignal,
  ): Promise<Bytes> {
    const { cluster, initiator, filesystems } = this.#deps;
    const cannot = `grow volume ${volume}`;
    await filesystems.settled(volume, signal);
    const { mount, entry, device } = await mountedAt(this.#deps, { volume, path, cannot }, signal);
    if (device === undefined || entry === undefined || !shows(mount, live(device))) {
      const rule = "its device is gone; end the pods that use it here, so that it is staged again";
      throw failure("precondition", { cannot, rule, got: path });
    }
    const target = exportIdentityOf(cluster, volume);
    const grown = await initiator.grown(target, chooseGrowth(capacity, device.size), signal);
    const type = filesystemTypes.find((name) => name === mount.type);
    // Of the file system, not of this mount: a pod may have it read-only while others write.
    if (type !== undefined && !mount.superOptions.includes("ro")) {
      await filesystems.growMounted({ volume, type, stagingPath: entry.stagingPath }, grown, signal);
    }
    return grown.size;
  }
}
