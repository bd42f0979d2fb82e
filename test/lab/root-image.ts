/**
 * The guest's kernel, initrd and root file system, built once per recipe and kept in the user's cache.
 * 1. Builders take turns (a lock); a finished build appears by one rename, so that a reader never sees half of one.
 * 2. The root is an ext4 image, read-only under each guest's overlay: measured as fast as 9p or a bit faster under TCG,
 *    any number of guests share it, and it is one file whose owner and modes the host's user does not matter for.
 */
import { mkdir, mkdtemp, readdir, readFile, rename, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { aptTransport, debianMirror } from "./debian-mirror.ts";
import { lockFile } from "./file-lock.ts";
import { buildNeeds, ensureTools } from "./host-tools.ts";
import { buildInitrd } from "./initrd.ts";
import { excluded, packages, recipeHash, suite } from "./recipe.ts";
import { runTool } from "./run-tool.ts";
import { vmlinuxOf } from "./vmlinux.ts";

export interface RootImage {
  readonly kernel: string;
  readonly initrd: string;
  readonly disk: string;
}

const dayMs = 86_400_000;

export function cacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "nvmetcp-csi");
}

async function complete(folder: string): Promise<boolean> {
  const files: readonly string[] = await readdir(folder).catch(() => []);
  return ["vmlinux", "initrd", "root.ext4"].every((file) => files.includes(file));
}

/** The image of today's recipe; builds it first (about a minute) when the cache has none. */
export async function rootImage(signal: AbortSignal): Promise<RootImage> {
  const lab = join(cacheDirectory(), "lab");
  const name = await recipeHash();
  const folder = join(lab, name);
  if (!(await complete(folder))) {
    await mkdir(lab, { recursive: true });
    await ensureTools(buildNeeds, signal);
    await using _lock = await lockFile(join(lab, "lock"), signal);
    if (!(await complete(folder))) await build(lab, folder, signal);
  }
  const now = new Date();
  await utimes(folder, now, now).catch(() => undefined);
  return {
    kernel: join(folder, "vmlinux"),
    initrd: join(folder, "initrd"),
    disk: join(folder, "root.ext4"),
  };
}

async function build(lab: string, folder: string, signal: AbortSignal): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Error(
      `cannot build the lab's root: mmdebstrap needs root; got user id ${process.getuid?.() ?? "unknown"}`,
    );
  }
  console.error("lab: building the guest's root, once");
  await removeOld(lab, signal);
  const work = await mkdtemp(join(lab, "build-"));
  try {
    const rootfs = join(work, "rootfs");
    await debootstrap(rootfs, work, signal);
    const image = join(work, "image");
    await mkdir(image);
    await pack(rootfs, work, image, signal);
    await rename(image, folder);
  } finally {
    await removeTree(work, AbortSignal.timeout(60_000));
  }
}

async function debootstrap(rootfs: string, work: string, signal: AbortSignal): Promise<void> {
  const transport = join(work, "apt.conf");
  await writeFile(transport, await aptTransport(signal));
  const mirror = await debianMirror(signal);
  await runTool(
    [
      "mmdebstrap",
      "--quiet",
      "--mode=root",
      "--variant=minbase",
      "--components=main",
      `--aptopt=${transport}`,
      ...excluded.map((path) => `--dpkgopt=path-exclude=${path}`),
      `--include=${packages.join(",")}`,
      suite,
      rootfs,
      mirror,
    ],
    signal,
  );
}

async function pack(rootfs: string, work: string, image: string, signal: AbortSignal): Promise<void> {
  const [kernel] = await readdir(join(rootfs, "usr/lib/modules"));
  if (kernel === undefined) throw new Error("cannot pack the lab's root: it has no kernel modules");
  await writeFile(join(image, "vmlinux"), vmlinuxOf(await readFile(join(rootfs, "boot", `vmlinuz-${kernel}`))));
  await writeFile(join(image, "initrd"), await buildInitrd(rootfs, kernel, work, signal));
  // Mount points for guest/init.sh; the image itself is never written to.
  for (const folder of ["project", "project-bin", "lab"]) await mkdir(join(rootfs, folder));
  const options = ["-q", "-F", "-m", "0", "-O", "^has_journal", "-E", "hash_seed=00000000-0000-0000-0000-000000000000"];
  await runTool(["mkfs.ext4", ...options, "-d", rootfs, join(image, "root.ext4"), "1G"], signal, {
    env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
  });
}

/** Builds that were killed, and images nobody used today; a machine of another checkout may still need a newer one. */
async function removeOld(lab: string, signal: AbortSignal): Promise<void> {
  for (const name of await readdir(lab)) {
    const path = join(lab, name);
    const unused = (await stat(path)).mtimeMs < Date.now() - dayMs;
    if (name !== "lock" && (unused || name.startsWith("build-"))) await removeTree(path, signal);
  }
}

/** Never leaves the file system: a build that was killed may have left /proc or /dev mounted. */
async function removeTree(path: string, signal: AbortSignal): Promise<void> {
  await runTool(["rm", "--recursive", "--force", "--one-file-system", path], signal);
}
