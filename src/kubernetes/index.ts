/**
 * The door to the Kubernetes API, for the controller side alone: what belongs to the cluster and not to a volume.
 *
 * B1  No volume operation waits for the API server or fails with it: storage serves while the control plane is down.
 * B2  The client library is loaded by whoever connects, and by nobody else (a node never is).
 */
import type { ClusterId } from "../domain/identity.ts";

/** Something that the owner of a claim should read on it. */
export interface ClaimEvent {
  readonly claim: ClaimReference;
  /** One word in CamelCase, such as `FormatRefused`. */
  readonly reason: string;
  readonly message: string;
}

export type ClaimReference =
  | { readonly kind: "claim"; readonly namespace: string; readonly name: string }
  /** The claim that a PersistentVolume is bound to. */
  | { readonly kind: "volume"; readonly name: string };

export interface Cluster {
  /** The uid of the namespace kube-system: it lives as long as the cluster. */
  id(signal: AbortSignal): Promise<ClusterId>;
  /** Puts a warning on a claim; done when the API server has it, or when there is no such claim. */
  warn(event: ClaimEvent, signal: AbortSignal): Promise<void>;
}

/** The cluster in which this process runs in a pod. */
export async function connectCluster(): Promise<Cluster> {
  const { KubeCluster } = await import("./kube-cluster.ts");
  return KubeCluster.inCluster();
}
