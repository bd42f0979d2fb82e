/**
 * The pool of a driver in the lab, on the first scratch disk: an xfs of its own, or a thin pool. Either way there is a place
 * below `poolPath` that outlives a loss of power.
 */
import type { Machine } from "../lab/machine.ts";

export const poolPath = "/pool";
export const labLayers = ["file", "lvm-thin"] as const;
export type LabLayer = (typeof labLayers)[number];

/** Names with a dash: device-mapper doubles it. */
export const labGroup = "lab-vg";
export const labThinPool = "thin-pool";
/** The lab has no udev, and a root that is thrown away. */
const lvmSettings =
  "activation/udev_sync=0 activation/udev_rules=0 activation/monitoring=0 backup/backup=0 backup/archive=0";

/** A thin pool by the names that the driver is told. */
export interface ThinPlace {
  readonly volumeGroup: string;
  readonly thinPool: string;
}

export const labPlace: ThinPlace = { volumeGroup: labGroup, thinPool: labThinPool };
/** The start of a line of shell. */
const lvm = (command: string) => `lvm ${command} --config '${lvmSettings}' --yes`;
const stateDisk = `/dev/${labGroup}/state`;

/** What the driver is told; `--pool` may stand beside it. `limits` are further keys of the pool. */
export function poolFlags(layer: LabLayer, limits: Readonly<Record<string, number>> = {}): readonly string[] {
  if (layer === "file" && Object.keys(limits).length === 0) return [];
  const place = layer === "file" ? { path: poolPath } : labPlace;
  return ["--pools", JSON.stringify({ default: { layer, ...place, ...limits } })];
}

/** For a shell: a group on the disk, and a thin pool that takes that much of it. */
export function makeThinPool(disk: string, { volumeGroup, thinPool }: ThinPlace, extents: string): string {
  return `
${lvm("pvcreate")} ${disk}
${lvm("vgcreate")} ${volumeGroup} ${disk}
${lvm("lvcreate")} --type thin-pool --extents ${extents} --name ${thinPool} ${volumeGroup}
${lvm("lvchange")} --errorwhenfull y ${volumeGroup}/${thinPool}`;
}

export async function makePool(machine: Machine, layer: LabLayer): Promise<void> {
  const [disk = ""] = machine.disks;
  if (layer === "file") {
    await machine.exec(["mkfs.xfs", "-q", "-f", disk]);
    return;
  }
  await machine.sh(`${makeThinPool(disk, labPlace, "60%FREE")}
${lvm("lvcreate")} --size 256m --name state ${labGroup}
mkfs.ext4 -q ${stateDisk}`);
}

/** After a start of the machine. */
export async function mountPool(machine: Machine, layer: LabLayer): Promise<void> {
  const [disk = ""] = machine.disks;
  if (layer === "lvm-thin") await machine.sh(`${lvm("lvchange")} --activate y ${labGroup}/state`);
  const device = layer === "file" ? disk : stateDisk;
  await machine.sh(`mkdir -p ${poolPath} /run/nvmetcp-csi; mount ${device} ${poolPath}`);
}

/** Runs a command of LVM. */
export async function runLvm(machine: Machine, command: string, args: string): Promise<string> {
  return (await machine.sh(`${lvm(command)} ${args}`)).stdout.trim();
}

/** For a shell without a driver: a line for each volume, snapshot and record that is left in the pool. */
export function leftInPool({ volumeGroup, thinPool }: ThinPlace): string {
  return `
shopt -s nullglob
if [ -e /sys/module/dm_thin_pool ] && lvm vgs ${volumeGroup} >/dev/null 2>&1; then
  lvm lvs --noheadings -o lv_name ${volumeGroup} | grep -E '[vs]1-' | sed 's/^ */lv: /' || true
  mkdir -p /run/census
  mount -o ro /dev/${volumeGroup}/${thinPool}-nvmetcp-records /run/census
  for path in /run/census/records/*; do echo "file: $path"; done
  umount /run/census
fi`;
}
