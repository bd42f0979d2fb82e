/** Claims and pods of the end-to-end scenarios. */
import { busyboxImage } from "../cluster/images.ts";
import type { Cluster } from "../cluster/cluster.ts";

export const deleteClass = "nvmetcp";
export const retainClass = "nvmetcp-retain";

export interface ClaimShape {
  readonly storageClassName?: string;
  readonly mebibytes?: number;
  /** A PersistentVolume by name. */
  readonly volumeName?: string;
  /** What its volume is to be a copy of. */
  readonly dataSource?: { readonly apiGroup?: string; readonly kind: string; readonly name: string };
}

export function claimSpec(shape: ClaimShape = {}): object {
  const { storageClassName = deleteClass, mebibytes = 320, volumeName, dataSource } = shape;
  return {
    accessModes: ["ReadWriteOnce"],
    storageClassName,
    resources: { requests: { storage: `${mebibytes}Mi` } },
    ...(volumeName !== undefined && { volumeName }),
    ...(dataSource !== undefined && { dataSource }),
  };
}

export function claim(name: string, shape: ClaimShape = {}): object {
  return { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name }, spec: claimSpec(shape) };
}

/**
 * What every pod here is like. It has neither a network of its own nor a token: that is not what is tested, and costs an
 * emulated node seconds.
 */
export const plainPod = {
  terminationGracePeriodSeconds: 1,
  hostNetwork: true,
  automountServiceAccountToken: false,
  enableServiceLinks: false,
} as const;

/** A container that runs a shell script with the pod's volumes at the folders of their names, and the pod's name in POD. */
export function dataContainer(script: string, volumes: readonly string[] = ["data"]): object {
  return {
    name: "main",
    image: busyboxImage,
    command: ["sh", "-c", script],
    env: [{ name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
    volumeMounts: volumes.map((name) => ({ name, mountPath: `/${name}` })),
  };
}

/** A pod on a claim, at /data, or on several by the folders that have them. */
export function podOn(name: string, claims: string | Readonly<Record<string, string>>, script = "sleep inf"): object {
  const folders = Object.entries(typeof claims === "string" ? { data: claims } : claims);
  const names = folders.map(([folder]) => folder);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      ...plainPod,
      containers: [dataContainer(script, names)],
      volumes: folders.map(([folder, claimName]) => ({ name: folder, persistentVolumeClaim: { claimName } })),
    },
  };
}

/** Runs a shell script in a pod; returns its trimmed output. */
export async function inPod(cluster: Cluster, pod: string, script: string, signal: AbortSignal): Promise<string> {
  return (await cluster.kubectl(["exec", pod, "--", "sh", "-ec", script], { signal })).trim();
}

/** Deletes objects and waits until they are gone. A PersistentVolume has to go by itself, as its reclaim policy says. */
export async function remove(cluster: Cluster, objects: readonly string[], signal: AbortSignal): Promise<void> {
  for (const object of objects.filter((name) => !name.startsWith("pv/"))) {
    await cluster.kubectl(["delete", object, "--ignore-not-found", "--wait=false"], { signal });
  }
  for (const object of objects) await cluster.waitForAbsence([object], signal);
}

/** The PersistentVolume that a claim is bound to. */
export async function volumeOf(cluster: Cluster, claimName: string, signal: AbortSignal): Promise<string> {
  await cluster.waitForField([`pvc/${claimName}`], "{.status.phase}", /^Bound$/, signal);
  return await cluster.waitForField([`pvc/${claimName}`], "{.spec.volumeName}", /./, signal);
}
