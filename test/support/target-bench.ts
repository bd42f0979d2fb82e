/** A target agent on a temporary pool and a tree in place of configfs; it can be killed and started again. */
import fs from "node:fs";
import fsp, { mkdtempDisposable } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import {
  exportIdentityOf,
  snapshotIdOf,
  volumeIdOf,
  type ClusterId,
  type SnapshotId,
  type VolumeId,
} from "../../src/domain/identity.ts";
import { parseNodeId, type NodeIdParts } from "../../src/domain/node-id.ts";
import type { Exec } from "../../src/host/exec.ts";
import type { Segments } from "../../src/domain/topology.ts";
import { askOf, childrenOf } from "./children.ts";
import { NvmetConfigfs } from "../../src/target-agent/configfs.ts";
import { Exporter } from "../../src/target-agent/exporter.ts";
import { FileLayer } from "../../src/target-agent/layers/file-layer.ts";
import { ListenerGate } from "../../src/target-agent/listener-gate.ts";
import { Pool } from "../../src/target-agent/pool.ts";
import { firstPortId, Ports } from "../../src/target-agent/ports.ts";
import { restoreExports, type RestoreReport } from "../../src/target-agent/restore.ts";
import { TargetAgent } from "../../src/target-agent/target-agent.ts";
import { nodeIdOf } from "./node-ids.ts";
import { NvmetTree } from "./nvmet-tree.ts";

const cluster = "test-cluster" as ClusterId;
export const size = 320n * 1024n * 1024n;

const done = { exitCode: 0, signal: undefined, stdout: "", stderr: "" };

export interface Started {
  readonly agent: TargetAgent;
  readonly layer: FileLayer;
  readonly exporter: Exporter;
  readonly report: RestoreReport;
}

interface StartOptions {
  readonly pool?: string;
  readonly watermarkPercent?: number;
  readonly deletionGraceMinutes?: number;
  readonly place?: Segments;
  readonly Layer?: typeof FileLayer;
}

export class TargetBench {
  readonly tree: NvmetTree;
  readonly poolPath: string;
  readonly statePath: string;
  /** Of the kernel that runs from the next start on. */
  release = "6.12.107+deb13-amd64";
  /** What nvmet shows in debugfs. */
  readonly debugDirectory: string;
  /** Programs that were run, with their standard input. */
  readonly programs: string[] = [];
  /** What blkid ends with: 2, it recognises nothing. */
  blkidStatus = 2;

  private constructor(root: string, t: TestContext) {
    this.poolPath = path.join(root, "pool");
    this.statePath = path.join(root, "state");
    this.debugDirectory = path.join(root, "debug");
    for (const directory of [this.poolPath, this.statePath]) fs.mkdirSync(directory);
    this.tree = new NvmetTree(path.join(root, "nvmet")).install(t);
  }

  static async open(t: TestContext): Promise<TargetBench> {
    const directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-target-"));
    t.after(async () => directory.remove());
    return new TargetBench(directory.path, t);
  }

  /** Time of day. */
  now: () => Date = () => new Date();

  /** What a direct read finds, where it is not zeros. */
  blockAt: (offset: bigint) => Buffer | undefined = () => undefined;

  /** The pool's file system has so much room from now on, whatever else happens on this machine. */
  fixRoom(t: TestContext, free: bigint): void {
    const space = { bsize: 4096n, bavail: free / 4096n };
    t.mock.method(fsp, "statfs", async () => Promise.resolve(space));
    syncBuiltinESMExports();
  }

  /** Nothing is recognised here; nft and direct reads work. */
  readonly exec: Exec = async (file, _args, { input = "" }) => {
    const program = `${file} ${input}`.trim();
    if (file === process.execPath) return Promise.resolve({ ...done, stdout: this.#read(input) });
    this.programs.push(program);
    this.tree.calls.push(`run ${program}`);
    const exitCode = file.includes("blkid") ? this.blkidStatus : 0;
    return Promise.resolve({ ...done, exitCode });
  };

  #read(question: string): string {
    const { blocks } = JSON.parse(question) as { readonly blocks: readonly string[] };
    const found = blocks.map((offset) => this.blockAt(BigInt(offset)) ?? Buffer.alloc(4096));
    return JSON.stringify({ ok: true, firstNonZero: null, blocks: found.map((block) => block.toString("base64")) });
  }

  /** Directory of a pool; that of the default one exists from the start. */
  pathOf(pool: string): string {
    return pool === "default" ? this.poolPath : `${this.poolPath}-${pool}`;
  }

  async openPool(path = this.poolPath, machine = "machine"): Promise<Pool> {
    return await Pool.open({ name: "default", layer: "file", path }, { machine, stateDirectory: this.statePath });
  }

  /** A new process, up to the moment in which it serves. */
  async start({
    pool: name = "default",
    watermarkPercent = 100,
    deletionGraceMinutes = 0,
    place: segments = {},
    Layer = FileLayer,
  }: StartOptions = {}): Promise<Started> {
    this.tree.revive();
    const portals = [{ address: "127.0.0.1", port: 4420 }];
    fs.mkdirSync(this.pathOf(name), { recursive: true });
    const place = { name, layer: "file", path: this.pathOf(name) } as const;
    const pool = await Pool.open(place, { machine: "machine", stateDirectory: this.statePath });
    const layer = new Layer({ directory: pool.path, exec: this.exec, children: childrenOf(askOf(this.exec)) });
    const configfs = new NvmetConfigfs(this.tree.root);
    const fence = { release: this.release, debugDirectory: this.debugDirectory, pauseMs: 0 };
    const exporter = new Exporter({ configfs, cluster, ports: new Ports({ configfs, cluster, portals }), fence });
    const agent = new TargetAgent({
      cluster,
      pool,
      layer,
      watermarkPercent,
      deletionGraceMinutes,
      place: segments,
      exporter,
      now: () => this.now(),
    });
    const gate = new ListenerGate({ exec: this.exec, portals });
    const report = await restoreExports({ agent, exporter, gate }, new AbortController().signal);
    return { agent, layer, exporter, report };
  }

  id(name: string): VolumeId {
    return volumeIdOf(cluster, name);
  }

  snapshotId(name: string): SnapshotId {
    return snapshotIdOf(cluster, name);
  }

  nqn(name: string): string {
    return exportIdentityOf(cluster, this.id(name)).nqn;
  }

  node(name: string): NodeIdParts {
    const parts = parseNodeId(nodeIdOf(name));
    if (parts === undefined) throw new Error("BUG: the node id does not parse");
    return parts;
  }

  /** What is in the tree but the open ports of the agent. */
  exports(): readonly string[] {
    const isListener = (name: string) => name.endsWith(":listener") || name === `ports/${firstPortId}`;
    return this.tree.objects().filter((name) => !isListener(name));
  }

  /** What the pool holds: images and records. */
  files(): readonly string[] {
    return ["volumes", "snapshots", "records"].flatMap((folder) => fs.readdirSync(path.join(this.poolPath, folder)));
  }

  image(name: string): string {
    return path.join(this.poolPath, "volumes", `${this.id(name)}.img`);
  }
}
