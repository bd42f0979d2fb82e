/**
 * What VolumeSnapshots need of a cluster and no driver brings: their CRDs and the snapshot-controller, from the manifests
 * of the release of external-snapshotter whose programs the test bed has.
 */
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { goModule } from "../lab/go-module.ts";
import type { Cluster } from "./cluster.ts";
import { snapshotClient, snapshotController } from "./go-program-groups.ts";
import { waitFor } from "./wait-for.ts";

export const snapshotKinds = "volumesnapshots,volumesnapshotcontents,volumesnapshotclasses";
export const groupKinds = "volumegroupsnapshots,volumegroupsnapshotcontents,volumegroupsnapshotclasses";

/** The default of this release, but not of that before. */
export const groupGate = "--feature-gates=CSIVolumeGroupSnapshot=true";

/** Folders for `kubectl --kustomize`. */
const crds = async (signal: AbortSignal) => join((await goModule(snapshotClient, signal)).folder, "config/crd");
async function controller(signal: AbortSignal): Promise<string> {
  const { module, version } = snapshotController;
  const { folder } = await goModule(`${module}@${version}`, signal);
  return join(folder, "deploy/kubernetes/snapshot-controller");
}

/** Returns when objects of these kinds can be made. */
export async function installSnapshotCrds(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await cluster.kubectl(["apply", `--kustomize=${await crds(signal)}`], { signal });
  const kinds = `${snapshotKinds},${groupKinds}`;
  const probe = async () => cluster.kubectl(["get", kinds, "--all-namespaces", "--output=name"], { signal });
  await waitFor("the kinds of VolumeSnapshots must be known", probe, signal);
}

/** With all objects of these kinds; does nothing where there are no CRDs. */
export async function removeSnapshotCrds(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await cluster.kubectl(["delete", "--ignore-not-found", `--kustomize=${await crds(signal)}`], { signal });
}

interface Deployment {
  readonly kind: string;
  readonly spec: {
    replicas: number;
    minReadySeconds: number;
    readonly template: {
      readonly spec: { hostNetwork?: boolean; readonly containers: { image: string; args: string[] }[] };
    };
  };
}

function isDeployment(manifest: unknown): manifest is Deployment {
  return (manifest as { readonly kind?: unknown }).kind === "Deployment";
}

/** Upstream's manifests, for one replica of the image that the nodes have; the CRDs must be there. Returns when it runs. */
export async function startSnapshotController(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const text = await cluster.kubectl(["kustomize", await controller(signal)], { signal });
  const manifests = loadAll(text) as object[];
  for (const { spec } of manifests.filter(isDeployment)) {
    Object.assign(spec, { replicas: 1, minReadySeconds: 0 });
    // A network of its own costs an emulated node seconds.
    spec.template.spec.hostNetwork = true;
    for (const container of spec.template.spec.containers) {
      Object.assign(container, {
        image: snapshotController.image,
        args: ["--v=2", "--leader-election=false", groupGate],
      });
    }
  }
  await cluster.apply(manifests, signal);
  const status = ["rollout", "status", "deployment/snapshot-controller", "--namespace=kube-system", "--timeout=0"];
  await cluster.kubectl(status, { signal });
}

export async function stopSnapshotController(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await cluster.kubectl(["delete", "--ignore-not-found", `--kustomize=${await controller(signal)}`], { signal });
}
