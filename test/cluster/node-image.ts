/**
 * Kernel, initrd and root file system of a node, and the parts of it that also run on this machine: containerd, which
 * fills the nodes' images (emulated it would be slow), with the libraries it was linked with.
 */
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { aptTransport, debianMirror } from "../lab/debian-mirror.ts";
import { buildNeeds, ensureTools } from "../lab/host-tools.ts";
import { buildInitrd } from "../lab/initrd.ts";
import { excluded, suite } from "../lab/recipe.ts";
import type { RootImage } from "../lab/root-image.ts";
import { runTool } from "../lab/run-tool.ts";
import { vmlinuxOf } from "../lab/vmlinux.ts";
import { cached } from "./cache.ts";
import type { Progress } from "./progress.ts";

export interface NodeImage extends RootImage {
  readonly folder: string;
}

const packages = [
  "linux-image-amd64",
  "busybox-static",
  "kmod",
  "iproute2",
  "iptables",
  "nftables",
  "conntrack",
  "ethtool",
  "socat",
  "dropbear-bin",
  "procps",
  "util-linux",
  "mount",
  // The agent's Node.js needs it.
  "libstdc++6",
  "nvme-cli",
  "e2fsprogs",
  "xfsprogs",
  // A thin pool is made by the machine's own programs, before there is a driver.
  "lvm2",
  "thin-provisioning-tools",
  "dmsetup",
  "containerd",
  "runc",
  "containernetworking-plugins",
];

/** Mount points for the lab's init.sh and for boot.sh; the root itself is never written to. */
const mountPoints = [
  ...["project", "project-bin", "lab", "var/lib/node"],
  ...["containerd", "kubelet", "nvmetcp-csi"].map((name) => `var/lib/${name}`),
];

const recipeFiles = [
  "node-image.ts",
  ...["recipe.ts", "initrd.ts", "vmlinux.ts", "guest/init.sh"].map((file) => `../lab/${file}`),
];

/** About a minute when the cache has none. */
export async function nodeImage(progress: Progress, signal: AbortSignal): Promise<NodeImage> {
  const hash = createHash("sha256");
  for (const file of recipeFiles) hash.update(await readFile(join(import.meta.dirname, file)));
  const make = async (folder: string, work: string) => {
    progress("building the nodes' root, once");
    await ensureTools(buildNeeds, signal);
    const root = join(work, "root");
    await debootstrap(root, work, signal);
    await pack(root, work, folder, signal);
    await keepNative(root, join(folder, "native"), signal);
  };
  const folder = await cached({ name: "node", keep: 3 }, hash.digest("hex").slice(0, 16), make, signal);
  const file = (name: string) => join(folder, name);
  return { folder, kernel: file("vmlinux"), initrd: file("initrd"), disk: file("root.ext4") };
}

async function debootstrap(root: string, work: string, signal: AbortSignal): Promise<void> {
  const transport = join(work, "apt.conf");
  await writeFile(transport, await aptTransport(signal));
  const mirror = await debianMirror(signal);
  const content = ["--variant=minbase", "--components=main", `--include=${packages.join(",")}`];
  const leftOut = excluded.map((path) => `--dpkgopt=path-exclude=${path}`);
  const how = ["--quiet", "--mode=root", `--aptopt=${transport}`, ...leftOut];
  await runTool(["mmdebstrap", ...how, ...content, suite, root, mirror], signal);
}

async function pack(root: string, work: string, folder: string, signal: AbortSignal): Promise<void> {
  const [kernel] = await readdir(join(root, "usr/lib/modules"));
  if (kernel === undefined) throw new Error("cannot pack the nodes' root: it has no kernel modules");
  await writeFile(join(folder, "vmlinux"), vmlinuxOf(await readFile(join(root, "boot", `vmlinuz-${kernel}`))));
  await writeFile(join(folder, "initrd"), await buildInitrd(root, kernel, work, signal));
  for (const point of mountPoints) await mkdir(join(root, point), { recursive: true });
  await runTool(
    ["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-d", root, join(folder, "root.ext4"), "2G"],
    signal,
    {
      env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
    },
  );
}

/** Programs that need libraries. */
const linked = ["containerd", "ctr", "dash", "dd"];
const loader = "lib64/ld-linux-x86-64.so.2";

/** Programs with their libraries, as this machine may have older ones. busybox is static. */
async function keepNative(root: string, native: string, signal: AbortSignal): Promise<void> {
  await mkdir(join(native, "lib"), { recursive: true });
  for (const program of ["busybox", ...linked]) await cp(join(root, "usr/bin", program), join(native, program));
  for (const program of linked) {
    const list = await runTool(["chroot", root, `/${loader}`, "--list", `/usr/bin/${program}`], signal);
    for (const [, library = ""] of list.toString().matchAll(/=> (\/\S+)/g)) {
      await cp(await realpath(join(root, library)), join(native, "lib", basename(library)));
    }
  }
  await cp(await realpath(join(root, loader)), join(native, "loader"));
}

/** The command line of containerd or ctr on this machine. */
export function nativeProgram(image: NodeImage, program: "containerd" | "ctr"): [string, ...string[]] {
  const native = join(image.folder, "native");
  return [join(native, "loader"), "--library-path", join(native, "lib"), join(native, program)];
}

/** Puts GNU dd, and a shell that uses it (that of busybox has its own), into the root of an image. */
export async function addDd(image: NodeImage, root: string): Promise<void> {
  const native = join(image.folder, "native");
  for (const [program, name] of [
    ["dd", "bin/dd"],
    ["dash", "bin/sh"],
  ] as const) {
    await rm(join(root, name));
    await cp(join(native, program), join(root, name));
  }
  await mkdir(join(root, "lib64"));
  await cp(join(native, "loader"), join(root, loader));
  await cp(join(native, "lib"), join(root, "lib"), { recursive: true });
}

/** A static busybox of every applet. */
export function busybox(image: NodeImage): string {
  return join(image.folder, "native/busybox");
}
