/** The Kubernetes API over @kubernetes/client-node, with the service account of the pod. */
import { hostname } from "node:os";
import { ApiException, CoreV1Api, CoreV1Event, KubeConfig, V1ObjectReference } from "@kubernetes/client-node";
import { driverName, type ClusterId } from "../domain/identity.ts";
import { failure, messageOf } from "../domain/errors.ts";
import { untilAborted } from "../lib/abort.ts";
import type { ClaimEvent, ClaimReference, Cluster } from "./index.ts";

/** The API server takes 1024 characters. */
const longestMessage = 1000;

export class KubeCluster implements Cluster {
  readonly #api: CoreV1Api;

  constructor(api: CoreV1Api) {
    this.#api = api;
  }

  static inCluster(): KubeCluster {
    const config = new KubeConfig();
    config.loadFromCluster();
    const server = config.getCurrentCluster()?.server ?? "";
    if (!URL.canParse(server)) {
      const rule = "this process must run in a pod with a service account";
      throw failure("precondition", { cannot: "reach the Kubernetes API", rule, got: server });
    }
    return new KubeCluster(config.makeApiClient(CoreV1Api));
  }

  async id(signal: AbortSignal): Promise<ClusterId> {
    const namespace = await this.#ask("read the namespace kube-system", signal, async () =>
      this.#api.readNamespace({ name: "kube-system" }),
    );
    const uid = namespace?.metadata?.uid;
    if (uid !== undefined) return uid as ClusterId;
    throw failure("unavailable", {
      cannot: "learn the cluster's id",
      rule: "the namespace kube-system must have a uid",
    });
  }

  async warn({ claim, reason, message }: ClaimEvent, signal: AbortSignal): Promise<void> {
    const involvedObject = await this.#claimOf(claim, signal);
    const namespace = involvedObject?.namespace;
    if (involvedObject === undefined || namespace === undefined) return;
    const now = new Date();
    const body = Object.assign(new CoreV1Event(), {
      metadata: { generateName: `${driverName}-`, namespace },
      involvedObject,
      reason,
      message: message.slice(0, longestMessage).toWellFormed(),
      type: "Warning",
      source: { component: driverName, host: hostname() },
      reportingComponent: driverName,
      reportingInstance: hostname(),
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    });
    await this.#ask("make an event", signal, async () => this.#api.createNamespacedEvent({ namespace, body }));
  }

  async #claimOf(claim: ClaimReference, signal: AbortSignal): Promise<V1ObjectReference | undefined> {
    if (claim.kind === "volume") {
      const volume = await this.#ask("read a PersistentVolume", signal, async () =>
        this.#api.readPersistentVolume({ name: claim.name }),
      );
      return volume?.spec?.claimRef;
    }
    const { namespace, name } = claim;
    const found = await this.#ask("read a claim", signal, async () =>
      this.#api.readNamespacedPersistentVolumeClaim({ namespace, name }),
    );
    const uid = found?.metadata?.uid;
    if (uid === undefined) return undefined;
    const kind = { kind: "PersistentVolumeClaim", apiVersion: "v1" };
    return Object.assign(new V1ObjectReference(), { ...kind, namespace, name, uid });
  }

  /** The answer, or undefined where the API server has no such object. */
  async #ask<T>(cannot: string, signal: AbortSignal, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await untilAborted(call(), signal);
    } catch (cause) {
      if (cause instanceof ApiException && cause.code === 404) return undefined;
      signal.throwIfAborted();
      const rule = cause instanceof ApiException ? `the API server answered ${cause.code}` : messageOf(cause);
      throw failure("unavailable", { cannot, rule, cause });
    }
  }
}
