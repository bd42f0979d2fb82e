/**
 * A node of the cluster: a VM with containerd and the kubelet, plugged into the cluster's network.
 * 1. reset() and powerOff() are a power loss. What the node then still has, as far as it was written to the disk: the folders
 *    of containerd and the kubelet, /var/log, /var/lib/nvmetcp-csi, and the pool in it.
 * 2. It comes back by itself, as a machine does: boot.sh starts what runs on it.
 */
import { randomUUID } from "node:crypto";
import { appendFile, mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ChannelMachine } from "../lab/channel-machine.ts";
import type { ExecOptions, ExecResult, Machine } from "../lab/machine.ts";
import { runTool } from "../lab/run-tool.ts";
import { makeLabFolder, VirtualMachine } from "../lab/virtual-machine.ts";
import { macAddress, nodeAddress, nodeName, tapName } from "./address-plan.ts";
import type { CertificateAuthority } from "./certificates.ts";
import type { Network } from "./network.ts";
import { writeNodeFiles } from "./node-files.ts";
import type { NodeImage } from "./node-image.ts";

export interface NodeOptions {
  /** The cluster's; the node makes a folder of its own there. */
  readonly directory: string;
  readonly number: number;
  /** The numbers of all nodes. */
  readonly nodes: readonly number[];
  readonly network: Network;
  readonly authority: CertificateAuthority;
  /** Who comes in by ssh as root. */
  readonly authorizedKeys: string;
  readonly image: NodeImage;
  /** To be copied. */
  readonly imageDisk: string;
  /** The folder with the kubelet. */
  readonly programs: string;
  readonly memoryMiB: number;
  readonly poolMiB: number;
}

export type NodeService = "containerd" | "kubelet";

const services: readonly NodeService[] = ["containerd", "kubelet"];

const project = join(import.meta.dirname, "../..");

export class ClusterNode implements AsyncDisposable {
  readonly name: string;
  readonly address: string;
  /** For what the calls here do not cover; use reset() and powerOff() of the node. */
  readonly machine: Machine;
  readonly #vm: VirtualMachine;
  readonly #logs: string;

  private constructor({ number }: NodeOptions, vm: VirtualMachine, logs: string) {
    this.name = nodeName(number);
    this.address = nodeAddress(number);
    this.#vm = vm;
    this.machine = new ChannelMachine(vm);
    this.#logs = logs;
  }

  /** Returns when programs can be run in it; it registers with the cluster a little later. */
  static async start(options: NodeOptions, signal: AbortSignal): Promise<ClusterNode> {
    const { number, image, memoryMiB, programs } = options;
    const name = nodeName(number);
    const directory = join(options.directory, name);
    const logs = join(options.directory, "log");
    await mkdir(directory);
    await mkdir(logs, { recursive: true });
    const lab = join(directory, "lab");
    await makeLabFolder(lab, join(import.meta.dirname, "guest/boot.sh"), signal);
    await writeNodeFiles(lab, number, options.nodes, options.authority, options.authorizedKeys, signal);
    const vm = new VirtualMachine(
      {
        image,
        memoryMiB,
        uuid: randomUUID(),
        disks: await makeDisks(directory, options, signal),
        shares: { lab, project, "project-bin": programs },
        port: join(directory, "port.sock"),
        translationCacheMiB: 1024,
        enter: options.network.enter,
        devices: [...networkCard(number), ...logPorts(name, logs)],
      },
      directory,
    );
    const node = new ClusterNode(options, vm, logs);
    await vm.boot(signal);
    return node;
  }

  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return this.machine.exec(argv, { cwd: "/", ...options });
  }

  /** exec of `bash -euo pipefail -c script`. */
  async sh(script: string, options: ExecOptions = {}): Promise<ExecResult> {
    return this.machine.sh(script, { cwd: "/", ...options });
  }

  /** Cuts the power and boots again; the cluster may still believe for a while that nothing happened. */
  async reset(signal: AbortSignal): Promise<void> {
    await this.powerOff();
    await this.powerOn(signal);
  }

  async powerOff(): Promise<void> {
    await this.#vm.powerOff();
    const line = `--- ${this.name} lost its power\n`;
    for (const service of services) await appendFile(logFile(this.#logs, this.name, service), line);
  }

  async powerOn(signal: AbortSignal): Promise<void> {
    await this.#vm.boot(signal);
  }

  /** Containers live on when their containerd or kubelet stops. */
  async service(action: "start" | "stop" | "restart", name: NodeService, signal: AbortSignal): Promise<void> {
    await this.exec(["bash", "/lab/service.sh", action, name], { signal });
  }

  /** All of it since the node's start, over every power loss. */
  async logs(source: NodeService | "console"): Promise<string> {
    return source === "console" ? this.#vm.console() : readFile(logFile(this.#logs, this.name, source), "utf8");
  }

  /** A value that changes with each boot, and that the node's object in the cluster shows too. */
  async bootId(signal: AbortSignal): Promise<string> {
    return (await this.machine.readFile("/proc/sys/kernel/random/boot_id", signal)).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine.close();
  }
}

function logFile(logs: string, node: string, service: NodeService): string {
  return join(logs, `${node}-${service}.log`);
}

/** The state and the pool, which boot.sh finds as vdb and vdc. */
async function makeDisks(directory: string, options: NodeOptions, signal: AbortSignal): Promise<string[]> {
  const state = join(directory, "state.img");
  const pool = join(directory, "pool.img");
  await runTool(["cp", "--sparse=always", "--reflink=auto", options.imageDisk, state], signal);
  await writeFile(pool, "");
  await truncate(pool, options.poolMiB * 2 ** 20);
  return [state, pool];
}

function networkCard(node: number): string[] {
  const tap = `tap,id=net,ifname=${tapName(node)},script=no,downscript=no`;
  return ["-netdev", tap, "-device", `virtio-net-pci,netdev=net,mac=${macAddress(node)},romfile=`];
}

/** A log on the host outlives the node's power loss, and costs the node less than a share. */
function logPorts(node: string, logs: string): string[] {
  return services.flatMap((service) => [
    ...["-chardev", `file,id=${service},path=${logFile(logs, node, service)},append=on`],
    ...["-device", `virtserialport,chardev=${service},name=${service}`],
  ]);
}
