/**
 * The one entry to the test bed: a Kubernetes cluster whose control plane runs here and whose nodes are VMs.
 * What it needs is installed, built and cached on the way; nothing comes from an image registry.
 */
import { join } from "node:path";
import { ensureTools, runNeeds } from "../lab/host-tools.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";
import { mostNodes } from "./address-plan.ts";
import { CertificateAuthority } from "./certificates.ts";
import { ClusterNode } from "./cluster-node.ts";
import type { NodeOptions } from "./cluster-node.ts";
import { Cluster, sshKeyFile } from "./cluster.ts";
import { ControlPlane } from "./control-plane.ts";
import { goPrograms } from "./go-programs.ts";
import { imageDisk } from "./image-disk.ts";
import { Network } from "./network.ts";
import { nodeImage } from "./node-image.ts";
import { progressOnStderr } from "./progress.ts";
import type { Progress } from "./progress.ts";
import { writeSshKey } from "./ssh-key.ts";

export interface ClusterOptions {
  /** 1 unless given. */
  readonly nodes?: number;
  /** Of each node. */
  readonly memoryMiB?: number;
  /** Of each node's pool. */
  readonly poolMiB?: number;
  /** Files of image archives (docker or OCI), besides busybox, pause and the sidecars. */
  readonly images?: readonly string[];
  /** Also the images of Kubernetes' own end-to-end suite. */
  readonly suite?: boolean;
  /** Bounds the start only. */
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

const clusterNeeds = {
  ...runNeeds,
  ip: "iproute2",
  nsenter: "util-linux",
  openssl: "openssl",
  "ssh-keygen": "openssh-client",
  "mkfs.ext4": "e2fsprogs",
  flock: "util-linux",
};

/** Returns when every node is Ready. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { nodes = 1, progress = progressOnStderr, signal = new AbortController().signal } = options;
  if (process.getuid?.() !== 0) {
    throw new Error(`cannot start a cluster: root is needed; got user id ${process.getuid?.() ?? "unknown"}`);
  }
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > mostNodes) {
    throw new Error(`cannot start a cluster: it has 1 to ${mostNodes} nodes; got ${nodes}`);
  }
  await ensureTools(clusterNeeds, signal);
  const programs = await goPrograms("kubernetes", progress, signal);
  const image = await nodeImage(progress, signal);
  const archives = options.images ?? [];
  const disk = await imageDisk({ node: image, archives, suite: options.suite ?? false }, progress, signal);
  const directory = await makeScratch();
  try {
    return await assemble(directory, { programs, image, imageDisk: disk }, { ...options, nodes, progress, signal });
  } catch (error) {
    await removeScratch(directory);
    throw error;
  }
}

type Parts = Pick<NodeOptions, "programs" | "image" | "imageDisk">;
type Settled = ClusterOptions & Required<Pick<ClusterOptions, "nodes" | "progress" | "signal">>;

async function assemble(directory: string, parts: Parts, options: Settled): Promise<Cluster> {
  const { progress, signal, memoryMiB = 2048, poolMiB = 8192 } = options;
  const { programs } = parts;
  const numbers = Array.from({ length: options.nodes }, (_, index) => index + 1);
  await using undo = new AsyncDisposableStack();
  const authority = await CertificateAuthority.create(join(directory, "pki"), signal);
  const network = undo.use(await Network.open(directory, numbers, signal));
  // Nodes boot as long as the control plane needs to become healthy.
  const controlPlane = ControlPlane.start({ directory, programs, network, authority }, signal);
  const authorizedKeys = await writeSshKey(sshKeyFile(directory), signal);
  const common = { ...parts, directory, nodes: numbers, network, authority, authorizedKeys, memoryMiB, poolMiB };
  const started = numbers.map(async (number) => ClusterNode.start({ ...common, number }, signal));
  const outcomes = await Promise.allSettled([controlPlane, ...started]);
  for (const outcome of outcomes) if (outcome.status === "fulfilled") undo.use(outcome.value);
  const plane = await controlPlane;
  progress("control plane healthy");
  const nodes = await Promise.all(started);
  progress(`${nodes.length} nodes up`);
  const cluster = new Cluster({ directory, programs, network, controlPlane: plane, nodes });
  for (const node of nodes) await cluster.waitForNode(node, signal);
  progress("nodes Ready");
  undo.move();
  return cluster;
}
