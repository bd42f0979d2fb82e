/**
 * etcd, kube-apiserver, kube-controller-manager and kube-scheduler as processes of this machine in the cluster's network.
 * 1. etcd does not fsync and its data goes with the cluster: what loses its power here is nodes.
 */
import { join } from "node:path";
import { poll } from "../../src/host/clock.ts";
import { runTool } from "../lab/run-tool.ts";
import { gateway, kubernetesService, serviceRange } from "./address-plan.ts";
import { serviceAccountKeys } from "./certificates.ts";
import type { CertificateAuthority } from "./certificates.ts";
import { HostProcess } from "./host-process.ts";
import type { Network } from "./network.ts";

export interface ControlPlaneOptions {
  readonly directory: string;
  /** The folder of the programs. */
  readonly programs: string;
  readonly network: Network;
  readonly authority: CertificateAuthority;
}

const etcd = "http://127.0.0.1:2379";

export class ControlPlane implements AsyncDisposable {
  /** Of an administrator; the address in it leads somewhere in the cluster's network only. */
  readonly kubeconfig: string;
  readonly logs: string;
  readonly #options: ControlPlaneOptions;
  readonly #processes: HostProcess[] = [];

  private constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.kubeconfig = join(options.directory, "admin.kubeconfig");
    this.logs = join(options.directory, "log");
  }

  /** Returns when pods can be created: the API answers, and the default service account is there. */
  static async start(options: ControlPlaneOptions, signal: AbortSignal): Promise<ControlPlane> {
    const plane = new ControlPlane(options);
    try {
      await plane.#startAll(signal);
      await plane.#healthy(signal);
      return plane;
    } catch (error) {
      await plane[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #startAll(signal: AbortSignal): Promise<void> {
    const { directory, authority } = this.#options;
    const keys = await serviceAccountKeys(directory);
    await authority.kubeconfig(this.kubeconfig, "/O=system:masters/CN=admin", signal);
    this.#start("etcd", [
      ...["--data-dir", join(directory, "etcd"), "--unsafe-no-fsync", "--log-level", "warn"],
      ...["--listen-client-urls", etcd, "--advertise-client-urls", etcd],
      ...["--listen-peer-urls", "http://127.0.0.1:2380"],
    ]);
    this.#start("kube-apiserver", await this.#apiserver(keys, signal));
    this.#start("kube-controller-manager", [
      ...(await this.#client("controller-manager", signal)),
      ...["--use-service-account-credentials", "--root-ca-file", authority.certificate],
      ...["--service-account-private-key-file", keys.sign],
    ]);
    this.#start("kube-scheduler", await this.#client("scheduler", signal));
  }

  #start(name: string, argv: readonly string[]): void {
    const { network, programs } = this.#options;
    this.#processes.push(new HostProcess(name, [...network.enter, join(programs, name), ...argv], this.logs));
  }

  async #apiserver(keys: { readonly sign: string; readonly check: string }, signal: AbortSignal): Promise<string[]> {
    const { authority } = this.#options;
    const names = [gateway, kubernetesService, "127.0.0.1"].map((address) => `IP:${address}`);
    const server = await authority.issue("apiserver", { subject: "/CN=kube-apiserver", names }, signal);
    const client = await authority.issue("apiserver-kubelet", { subject: "/O=system:masters/CN=apiserver" }, signal);
    return [
      ...["--etcd-servers", etcd, "--advertise-address", gateway, "--secure-port", "443"],
      ...["--service-cluster-ip-range", serviceRange],
      ...["--tls-cert-file", server.certificate, "--tls-private-key-file", server.key],
      ...["--client-ca-file", authority.certificate],
      ...["--service-account-issuer", "https://kubernetes.default.svc"],
      ...["--service-account-key-file", keys.check, "--service-account-signing-key-file", keys.sign],
      ...["--kubelet-client-certificate", client.certificate, "--kubelet-client-key", client.key],
      ...["--kubelet-certificate-authority", authority.certificate, "--kubelet-preferred-address-types", "InternalIP"],
      ...["--authorization-mode", "Node,RBAC", "--enable-admission-plugins", "NodeRestriction", "--allow-privileged"],
    ];
  }

  async #client(name: string, signal: AbortSignal): Promise<string[]> {
    const { directory, authority } = this.#options;
    const file = join(directory, `${name}.kubeconfig`);
    await authority.kubeconfig(file, `/CN=system:kube-${name}`, signal);
    return ["--kubeconfig", file, "--leader-elect=false", "--bind-address", "127.0.0.1"];
  }

  /** Throws, with the end of its log, when one of the processes has ended. */
  check(): void {
    for (const process of this.#processes) process.check();
  }

  async #healthy(signal: AbortSignal): Promise<void> {
    const { network, programs } = this.#options;
    const kubectl = [...network.enter, join(programs, "kubectl"), "--kubeconfig", this.kubeconfig] as const;
    for (const argv of [
      ["get", "--raw", "/readyz"],
      ["get", "serviceaccount", "default"],
    ]) {
      const answers = async () => {
        this.check();
        return runTool([...kubectl, ...argv], signal).catch(() => undefined);
      };
      await poll(answers, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map(async (process) => process[Symbol.asyncDispose]()));
  }
}
