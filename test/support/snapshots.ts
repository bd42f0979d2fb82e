/** VolumeSnapshots of the end-to-end scenarios, and those of docs/volume-snapshots.md as readers copy them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { yamlBlocks } from "./yaml-blocks.ts";

const page = join(import.meta.dirname, "../../docs/volume-snapshots.md");
const apiVersion = "snapshot.storage.k8s.io/v1";

/** The objects of that kind on the page; where it says HANDLE, the given one. */
export async function snapshotExamples(kind: string, handle = ""): Promise<readonly object[]> {
  const text = (await readFile(page, "utf8")).replaceAll("HANDLE\n", `${handle}\n`);
  return yamlBlocks(text).filter((one): one is object => (one as { readonly kind?: unknown }).kind === kind);
}

/** A VolumeSnapshot of the claim. */
export function snapshotOf(claimName: string, name: string, volumeSnapshotClassName: string): object {
  const spec = { volumeSnapshotClassName, source: { persistentVolumeClaimName: claimName } };
  return { apiVersion, kind: "VolumeSnapshot", metadata: { name }, spec };
}

/** A VolumeSnapshotClass of the driver. */
export function snapshotClass(name: string, parameters: Readonly<Record<string, string>>): object {
  const rest = { driver: "csi.nvmetcp.dev", deletionPolicy: "Delete", parameters };
  return { apiVersion, kind: "VolumeSnapshotClass", metadata: { name }, ...rest };
}

/** Waits until the snapshot can be restored; returns the name of its content. */
export async function waitForSnapshot(cluster: Cluster, name: string, signal: AbortSignal): Promise<string> {
  const object = [`volumesnapshot/${name}`];
  await cluster.waitForField(object, "{.status.readyToUse}", /^true$/, signal);
  return cluster.waitForField(object, "{.status.boundVolumeSnapshotContentName}", /./, signal);
}
