/** Takes away what snapshots there are, but for those that are kept: single ones and groups, by their ids. */
import type { CsiClient } from "../../support/csi-client.ts";

export async function removeSnapshots({ controller, groups }: CsiClient, kept: readonly string[] = []): Promise<void> {
  const taken = (await controller.ListSnapshots({})).entries.flatMap(({ snapshot }) => snapshot ?? []);
  for (const { snapshot_id, group_snapshot_id } of taken) {
    if (kept.includes(snapshot_id) || kept.includes(group_snapshot_id)) continue;
    if (group_snapshot_id === "") await controller.DeleteSnapshot({ snapshot_id });
    else await groups.DeleteVolumeGroupSnapshot({ group_snapshot_id });
  }
}
