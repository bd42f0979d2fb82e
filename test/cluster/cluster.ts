/**
 * A running Kubernetes cluster of the test bed.
 * 1. After disposal no process, network namespace or file of it is left; the same when this process dies.
 */
import { join } from "node:path";
import { ensureHelm } from "../chart/helm.ts";
import { runTool } from "../lab/run-tool.ts";
import { removeScratch } from "../lab/scratch.ts";
import type { ClusterNode } from "./cluster-node.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Network } from "./network.ts";
import { waitFor } from "./wait-for.ts";

export interface ClusterParts {
  readonly directory: string;
  readonly programs: string;
  readonly network: Network;
  readonly controlPlane: ControlPlane;
  readonly nodes: readonly ClusterNode[];
}

export interface ToolOptions {
  readonly signal: AbortSignal;
  readonly stdin?: string;
}

export function sshKeyFile(directory: string): string {
  return join(directory, "ssh-key");
}

export class Cluster implements AsyncDisposable {
  /** Of an administrator; for programs in the cluster's network, see `enter`. */
  readonly kubeconfig: string;
  readonly nodes: readonly ClusterNode[];
  /** Holds the logs, in `log`, and the rest of the cluster. */
  readonly directory: string;
  readonly #parts: ClusterParts;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    this.kubeconfig = parts.controlPlane.kubeconfig;
    this.nodes = parts.nodes;
    this.directory = parts.directory;
  }

  /** In front of a command line of this machine: runs it in the cluster's network. */
  get enter(): readonly [string, ...string[]] {
    return this.#parts.network.enter;
  }

  /** A file: lets root into each node's ssh server. */
  get sshKey(): string {
    return sshKeyFile(this.directory);
  }

  get programs(): string {
    return this.#parts.programs;
  }

  /** Standard output; any other end than exit status 0 throws with standard error. */
  async kubectl(args: readonly string[], options: ToolOptions): Promise<string> {
    return this.run([join(this.#parts.programs, "kubectl"), ...args], options);
  }

  async helm(args: readonly string[], options: ToolOptions): Promise<string> {
    return this.run([await ensureHelm(options.signal), ...args], options);
  }

  /** Runs any program of this machine in the cluster's network, with KUBECONFIG. */
  async run(argv: readonly string[], { signal, stdin }: ToolOptions): Promise<string> {
    // Helm keeps files at home unless told.
    const env = { KUBECONFIG: this.kubeconfig, HOME: this.directory };
    const command = ["setpriv", "--pdeathsig", "KILL", ...this.enter, ...argv] as const;
    const output = await runTool(command, signal, { env, ...(stdin === undefined ? {} : { stdin }) });
    return output.toString();
  }

  /** Applies objects, or a manifest's text. */
  async apply(manifest: string | readonly object[], signal: AbortSignal): Promise<void> {
    const list = { apiVersion: "v1", kind: "List", items: manifest };
    const stdin = typeof manifest === "string" ? manifest : JSON.stringify(list);
    await this.kubectl(["apply", "--filename=-"], { signal, stdin });
  }

  /**
   * Waits until a field of an object has a value that fits: `waitForField(["pod/a"], "{.status.phase}", /^Running$/)`.
   * The first argument is what kubectl get takes, options like --namespace included. Returns the value.
   */
  async waitForField(object: readonly string[], path: string, wanted: RegExp, signal: AbortSignal): Promise<string> {
    const probe = async () => {
      const value = await this.kubectl(["get", ...object, `--output=jsonpath=${path}`], { signal });
      if (!wanted.test(value)) throw new Error(`"${value}"`);
      return value;
    };
    return waitFor(`${path} of ${object.join(" ")} must fit ${wanted.source}`, probe, signal);
  }

  /** Waits until the pod's containers are ready. */
  async waitForPod(name: string, signal: AbortSignal, namespace = "default"): Promise<void> {
    const object = [`pod/${name}`, `--namespace=${namespace}`];
    await this.waitForField(object, '{.status.conditions[?(@.type=="Ready")].status}', /^True$/, signal);
  }

  /** Waits until the object is gone. */
  async waitForAbsence(object: readonly string[], signal: AbortSignal): Promise<void> {
    const probe = async () => {
      const found = await this.kubectl(["get", ...object, "--ignore-not-found", "--output=name"], { signal });
      if (found !== "") throw new Error(found.trim());
      return true;
    };
    await waitFor(`${object.join(" ")} must be gone`, probe, signal);
  }

  /** Waits until the node is Ready in its present boot: the cluster's word about an earlier one does not count. */
  async waitForNode(node: ClusterNode, signal: AbortSignal): Promise<void> {
    const ready = '{.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.bootID}';
    const wanted = new RegExp(`^True ${await node.bootId(signal)}$`);
    await this.waitForField([`node/${node.name}`], ready, wanted, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { nodes, controlPlane, network, directory } = this.#parts;
    await Promise.all(nodes.map(async (node) => node[Symbol.asyncDispose]()));
    await controlPlane[Symbol.asyncDispose]();
    await network[Symbol.asyncDispose]();
    await removeScratch(directory);
  }
}
