/**
 * Device nodes, and binds of them that outlive their device: the inode alone tells which device a dead one was of, as
 * devtmpfs numbers its inodes upwards (docs/kernel-facts.md).
 */
import { numberOf, sameDevice } from "../domain/device-number.ts";
import { statOf } from "../host/files.ts";
import type { DeviceName, Mount } from "./index.ts";
import { topMountAt } from "./mountinfo.ts";

/** Inode of a node of the device at a path; undefined: something else is there, or nothing. */
export async function nodeAt(path: string, { number }: Pick<DeviceName, "number">): Promise<number | undefined> {
  const found = await statOf(path);
  const isIt = found?.isBlockDevice() === true && sameDevice(numberOf(found.rdev), number);
  return isIt ? Number(found.ino) : undefined;
}

const dead = /^\/nvme\d+n\d+\/\/deleted$/;

/** The mounts, dead binds of NVMe device nodes with the inode that they show. */
export async function withDeadNodes(mounts: readonly Mount[]): Promise<readonly Mount[]> {
  const isDead = ({ type, root }: Mount) => type === "devtmpfs" && dead.test(root);
  if (!mounts.some(isDead)) return mounts;
  return await Promise.all(
    mounts.map(async (mount) => {
      if (!isDead(mount)) return mount;
      // Below another mount it is out of sight.
      const node = topMountAt(mounts, mount.path) === mount ? await deletedNodeAt(mount) : undefined;
      return node === undefined ? mount : { ...mount, node };
    }),
  );
}

async function deletedNodeAt({ path, device }: Mount): Promise<number | undefined> {
  // Whatever the error is, it is not known then.
  const found = await statOf(path).catch(() => undefined);
  const isIt = found?.isBlockDevice() === true && found.nlink === 0n && sameDevice(numberOf(found.dev), device);
  return isIt ? Number(found.ino) : undefined;
}
