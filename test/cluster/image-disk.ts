/**
 * The disk with which each node starts: its folders below /var, and in containerd's all images, unpacked.
 * 1. containerd runs on this machine for that, in a mount namespace of its own: nothing it mounts is left.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "../../src/host/clock.ts";
import { runTool } from "../lab/run-tool.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";
import { cached } from "./cache.ts";
import { goPrograms } from "./go-programs.ts";
import { HostProcess } from "./host-process.ts";
import { fileHash } from "./image-archive.ts";
import { writeTestImages } from "./images.ts";
import type { Programs } from "./images.ts";
import { nativeProgram } from "./node-image.ts";
import type { NodeImage } from "./node-image.ts";
import type { Progress } from "./progress.ts";

export interface ImageDiskOptions {
  readonly node: NodeImage;
  /** Image archives, in what formats `ctr image import` reads. */
  readonly archives: readonly string[];
  /** The images of Kubernetes' own end-to-end suite too. */
  readonly suite: boolean;
}

const sizeOfDisk = "12G";
const recipeFiles = ["image-archive.ts", "images.ts", "image-disk.ts"];

/** A sparse file with an ext4 file system, to be copied for each node. */
export async function imageDisk(options: ImageDiskOptions, progress: Progress, signal: AbortSignal): Promise<string> {
  const programs: Programs = {
    node: options.node,
    sidecars: await goPrograms("sidecars", progress, signal),
    ...(options.suite ? { suite: await goPrograms("suite", progress, signal) } : {}),
  };
  const hash = createHash("sha256").update(JSON.stringify(programs));
  const files = [...recipeFiles.map((file) => join(import.meta.dirname, file)), ...options.archives];
  for (const file of files) hash.update(await fileHash(file, signal));
  const make = async (folder: string, work: string) => {
    progress("filling the nodes' images");
    const archives = join(work, "archives");
    await mkdir(archives);
    await writeTestImages(archives, work, programs, signal);
    const own = (await readdir(archives)).map((name) => join(archives, name));
    const tree = join(work, "tree");
    for (const name of ["containerd", "kubelet", "nvmetcp-csi", "log"]) {
      await mkdir(join(tree, name), { recursive: true });
    }
    await importImages(join(tree, "containerd"), [...own, ...options.archives], options.node, signal);
    const disk = join(work, "disk.ext4");
    const layout = ["-m", "0", "-i", "65536", "-J", "size=16", "-E", "lazy_itable_init=0,lazy_journal_init=0"];
    await runTool(["mkfs.ext4", "-q", "-F", ...layout, "-d", tree, disk, sizeOfDisk], signal, {
      env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
    });
    await rename(disk, join(folder, "disk.ext4"));
  };
  const folder = await cached({ name: "images", keep: 3 }, hash.digest("hex").slice(0, 16), make, signal);
  return join(folder, "disk.ext4");
}

async function importImages(
  root: string,
  archives: readonly string[],
  node: NodeImage,
  signal: AbortSignal,
): Promise<void> {
  // Sockets need a short path.
  const scratch = await makeScratch();
  try {
    const socket = join(scratch, "containerd.sock");
    const configuration = join(scratch, "containerd.toml");
    await writeFile(configuration, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
    const places = ["--root", root, "--state", join(scratch, "state"), "--address", socket];
    const argv = [...nativeProgram(node, "containerd"), "--config", configuration, ...places];
    const isolated = ["unshare", "--mount", "--propagation", "private", "--", ...argv];
    await using containerd = new HostProcess("containerd", isolated, scratch);
    const ctr = [...nativeProgram(node, "ctr"), "--address", socket, "--namespace", "k8s.io"] as const;
    const answers = async () => {
      containerd.check();
      return runTool([...ctr, "version"], signal).catch(() => undefined);
    };
    await poll(answers, signal);
    for (const archive of archives) await runTool([...ctr, "image", "import", archive], signal);
    await containerd.stop("SIGTERM");
  } finally {
    await removeScratch(scratch);
  }
}
