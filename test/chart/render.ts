/** The chart as the cluster would get it. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { helm } from "./helm.ts";

const project = join(import.meta.dirname, "../..");
export const chart = join(project, "charts/nvmetcp-csi");

/** Where the plain manifests of deploy/ are installed, as most CSI drivers are. */
export const namespace = "kube-system";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** What a cluster with VolumeSnapshots has, and one with groups of them. */
export const snapshotApi = "snapshot.storage.k8s.io/v1/VolumeSnapshotClass";
export const groupApi = "groupsnapshot.storage.k8s.io/v1/VolumeGroupSnapshotClass";

/** The documented values files, by name without `.yaml`. */
export async function valuesFiles(): Promise<readonly string[]> {
  const files = await readdir(join(chart, "values"));
  return files.map((file) => file.replace(/\.yaml$/, "")).toSorted();
}

/** The manifests as text, with a documented values file and further values on top, for a cluster that has all it may need. */
export async function renderText(
  values: string | undefined,
  signal: AbortSignal,
  set: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const file = values === undefined ? [] : ["--values", join(chart, "values", `${values}.yaml`)];
  const further = Object.entries(set).flatMap(([key, value]) => ["--set-json", `${key}=${JSON.stringify(value)}`]);
  const where = ["--namespace", namespace, "--api-versions", snapshotApi, "--api-versions", groupApi];
  return helm(["template", "nvmetcp-csi", chart, ...where, ...file, ...further], signal);
}

export async function render(
  values: string | undefined,
  signal: AbortSignal,
  set?: Readonly<Record<string, unknown>>,
): Promise<readonly Manifest[]> {
  const documents: readonly unknown[] = loadAll(await renderText(values, signal, set));
  return documents.map((document) => document as Manifest);
}
