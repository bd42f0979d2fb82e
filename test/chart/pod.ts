/** The pod of the chart's StatefulSet, and its parts by name. */
import assert from "node:assert/strict";
import type { V1Container, V1PodSpec, V1StatefulSet } from "@kubernetes/client-node";
import type { Manifest } from "./render.ts";

function isStatefulSet(manifest: Manifest): manifest is Manifest & V1StatefulSet & { readonly kind: "StatefulSet" } {
  return manifest.kind === "StatefulSet";
}

export function statefulSetOf(manifests: readonly Manifest[]): V1StatefulSet {
  const found = manifests.find(isStatefulSet);
  assert.ok(found, "there is a StatefulSet");
  return found;
}

export function podOf(manifests: readonly Manifest[]): V1PodSpec {
  const spec = statefulSetOf(manifests).spec?.template.spec;
  assert.ok(spec, "the StatefulSet has a pod");
  return spec;
}

/** All containers, init containers included. */
export function containersOf(pod: V1PodSpec): readonly V1Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

export function containerOf(pod: V1PodSpec, name: string): V1Container {
  const found = containersOf(pod).find((container) => container.name === name);
  assert.ok(found, `there is a container ${name}`);
  return found;
}

/** What a container sees and where: `path on the node or kind -> path in the container`, with `ro` and propagation. */
export function mountsOf(pod: V1PodSpec, name: string): readonly string[] {
  return (containerOf(pod, name).volumeMounts ?? []).map((mount) => {
    const volume = pod.volumes?.find((one) => one.name === mount.name);
    assert.ok(volume, `the volume ${mount.name} exists`);
    const source = volume.hostPath?.path ?? (volume.emptyDir ? "emptyDir" : "token");
    const words = [mount.readOnly === true ? "ro" : "rw", mount.mountPropagation ?? ""].join(" ").trim();
    return `${source} -> ${mount.mountPath} ${words}`;
  });
}
