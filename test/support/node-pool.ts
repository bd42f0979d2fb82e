/**
 * A thin pool on a node of the test bed, by the names of the chart's values/group-snapshots.yaml. The node has no disk to
 * spare: the pool is on a file in the directory of its other pool, which no driver serves meanwhile.
 */
import type { ClusterNode } from "../cluster/cluster-node.ts";
import { leftInPool, makeThinPool, runLvm, type ThinPlace } from "./guest-pool.ts";

const name = "fast";
const place: ThinPlace = { volumeGroup: "vg0", thinPool: "thin" };
const folder = "/var/lib/nvmetcp-csi";
const file = `${folder}/pool/thin-pool.img`;

/** As docs/pools.md has it done. */
export async function makeNodePool(node: ClusterNode): Promise<void> {
  await node.sh(`
truncate --size 8G ${file}
disk=$(losetup --find --show ${file})
${makeThinPool('"$disk"', place, "95%FREE")}`);
}

/** With what the driver remembers of it; there must be no driver. */
export async function removeNodePool(node: ClusterNode): Promise<void> {
  await runLvm(node.machine, "vgremove", place.volumeGroup);
  await node.sh(`
losetup --detach "$(losetup --noheadings --output NAME --associated ${file})"
rm ${file}
cd ${folder}/state/agent
rm pools/${name}.json
rmdir records/${name} records`);
}

/** The snapshots in the pool. */
export async function snapshotsIn(node: ClusterNode): Promise<readonly string[]> {
  const volumes = await runLvm(node.machine, "lvs", `--noheadings -o lv_name ${place.volumeGroup}`);
  return volumes.split(/\s+/).filter((volume) => volume.startsWith("s1-"));
}

/** What is left in the pool when there is no driver, one line each. */
export async function leftInNodePool(node: ClusterNode): Promise<readonly string[]> {
  return linesOf(await node.sh(leftInPool(place)));
}

/** What a pool is made of, and what is remembered of it: one line each. */
export async function poolPartsOf(node: ClusterNode): Promise<readonly string[]> {
  const devices = `/sys/block/loop*/loop /sys/block/dm-* /dev/${place.volumeGroup}`;
  const files = `${folder}/pool/*.img ${folder}/state/agent/pools/${name}.json ${folder}/state/agent/records`;
  return linesOf(
    await node.sh(`
shopt -s nullglob
for path in ${devices} ${files}; do [ -e "$path" ] && echo "$path"; done
true`),
  );
}

function linesOf({ stdout }: { readonly stdout: string }): readonly string[] {
  return stdout.split("\n").filter((line) => line !== "");
}
