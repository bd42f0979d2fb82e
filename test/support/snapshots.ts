/** VolumeSnapshots of the end-to-end scenarios, and those of docs/volume-snapshots.md as readers copy them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { yamlBlocks } from "./yaml-blocks.ts";

const page = join(import.meta.dirname, "../../docs/volume-snapshots.md");
const api = "snapshot.storage.k8s.io/v1";
const groupApi = "groupsnapshot.storage.k8s.io/v1";

/** The objects of that kind on the page; where it says HANDLE, the given one. */
export async function snapshotExamples(kind: string, handle = ""): Promise<readonly object[]> {
  const text = (await readFile(page, "utf8")).replaceAll("HANDLE\n", `${handle}\n`);
  return yamlBlocks(text).filter((one): one is object => (one as { readonly kind?: unknown }).kind === kind);
}

/** A VolumeSnapshot of the claim. */
export function snapshotOf(claimName: string, name: string, volumeSnapshotClassName: string): object {
  const spec = { volumeSnapshotClassName, source: { persistentVolumeClaimName: claimName } };
  return { apiVersion: api, kind: "VolumeSnapshot", metadata: { name }, spec };
}

/** What a claim names that is to have the content of a VolumeSnapshot. */
export function contentOf(name: string) {
  return { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name };
}

/** A VolumeGroupSnapshot of the claims with these labels. */
export function groupOf(
  matchLabels: Readonly<Record<string, string>>,
  name: string,
  volumeGroupSnapshotClassName: string,
): object {
  const spec = { volumeGroupSnapshotClassName, source: { selector: { matchLabels } } };
  return { apiVersion: groupApi, kind: "VolumeGroupSnapshot", metadata: { name }, spec };
}

type Parameters = Readonly<Record<string, string>>;

/** A VolumeSnapshotClass of the driver. */
export function snapshotClass(name: string, parameters: Parameters): object {
  return { apiVersion: api, kind: "VolumeSnapshotClass", ...classBody(name, parameters) };
}

/** A VolumeGroupSnapshotClass of the driver. */
export function groupClass(name: string, parameters: Parameters): object {
  return { apiVersion: groupApi, kind: "VolumeGroupSnapshotClass", ...classBody(name, parameters) };
}

function classBody(name: string, parameters: Parameters) {
  return { metadata: { name }, driver: "csi.nvmetcp.dev", deletionPolicy: "Delete", parameters };
}

/** Waits until the snapshot can be restored; returns the name of its content. */
export async function waitForSnapshot(cluster: Cluster, name: string, signal: AbortSignal): Promise<string> {
  return await waitForContent(cluster, `volumesnapshot/${name}`, "boundVolumeSnapshotContentName", signal);
}

/** Waits until the group can be restored; returns the name of its content. */
export async function waitForGroup(cluster: Cluster, name: string, signal: AbortSignal): Promise<string> {
  return await waitForContent(cluster, `volumegroupsnapshot/${name}`, "boundVolumeGroupSnapshotContentName", signal);
}

async function waitForContent(cluster: Cluster, object: string, bound: string, signal: AbortSignal): Promise<string> {
  await cluster.waitForField([object], "{.status.readyToUse}", /^true$/, signal);
  return await cluster.waitForField([object], `{.status.${bound}}`, /./, signal);
}

/** How the page finds out which VolumeSnapshot is whose. */
export const memberColumns =
  "NAME:.metadata.name,GROUP:.metadata.ownerReferences[0].name,CLAIM:.spec.source.persistentVolumeClaimName";

/** The VolumeSnapshots of a group, by the names of their claims. */
export async function membersOf(
  cluster: Cluster,
  group: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const view = ["get", "volumesnapshots", "--no-headers", `--output=custom-columns=${memberColumns}`];
  const rows = (await cluster.kubectl(view, { signal })).trim().split("\n");
  const members = rows.map((row) => row.split(/\s+/)).filter(([, owner]) => owner === group);
  return new Map(members.map(([name = "", , claim = ""]) => [claim, name]));
}
