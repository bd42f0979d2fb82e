/**
 * A fault of the driver that histories have found and that is not mended. The journal keeps name and number of the devices
 * that a volume has had, and Linux gives both away again. What is dead of another volume that had or got the same ones, a
 * mounted file system whose device is lost, or a bind of a device node, is then taken for one of this volume
 * (staged-volume.ts Z1, Z2): its unstage is refused until the other one is gone. histories.test.ts fails once this is
 * mended; then this file goes.
 */
import type { VolumeId } from "../../src/domain/identity.ts";
import type { Bed } from "./bed.ts";
import { pods, stagingOf, targetOf, type NodeName, type VolumeName } from "./names.ts";
import type { Command } from "./steps.ts";

/** Whether a dead mount of another volume has the name or number of a device in a volume's journal entry. */
export async function isMistakable(bed: Bed, node: NodeName, name: VolumeName, id: VolumeId): Promise<boolean> {
  const { filesystem, initiator, journal } = bed.nodes[node];
  const past = journal.entries.get(id)?.devices.map(({ number }) => number.minor) ?? [];
  if (past.length === 0) return false;
  const live = (await initiator.live()).map(({ minor }) => minor);
  const own = [stagingOf(name), ...pods.map((pod) => targetOf(name, pod))];
  return (await filesystem.mounts()).some(({ type, device, path, root }) => {
    if (own.includes(path)) return false;
    if (type === "devtmpfs") return past.some((minor) => root === `/memory${minor}n1//deleted`);
    return past.includes(device.minor) && !live.includes(device.minor);
  });
}

const up = { node: "A", pod: 0, isReadOnly: false, sharing: "alone", times: 3 } as const;
const plain = { isAtHolder: false, kill: undefined } as const;

/** The shortest history that shows it. */
export const mistaken: readonly Command[] = [
  { ...plain, step: { do: "up", name: "b", usage: "block", ...up } },
  { ...plain, step: { do: "unpublish", name: "b", from: "A" } },
  { ...plain, step: { do: "up", name: "a", usage: "ext4", ...up } },
  { ...plain, step: { do: "lose", name: "a", node: "A" } },
  { ...plain, step: { do: "unstage", name: "b", node: "A" } },
];
