/**
 * The guest's kernel, initrd and root file system, built once per recipe and kept in the user's cache.
 * 1. The root is an ext4 image, read-only under each guest's overlay: measured as fast as 9p or a bit faster under TCG,
 *    any number of guests share it, and it is one file whose owner and modes the host's user does not matter for.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findOrMake } from "./cache.ts";
import { aptTransport, debianMirror } from "./debian-mirror.ts";
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
/** How the names of images with more packages end. */
const larger = "-more";

interface BuildOptions {
  readonly work: string;
  readonly more: readonly string[];
}

/**
 * The image of today's recipe; builds it first (about a minute) when the cache has none. One with `more` packages is an
 * image of its own, so that nobody else has to carry them.
 */
export async function rootImage(signal: AbortSignal, more: readonly string[] = []): Promise<RootImage> {
  const make = async (made: string, work: string) => build(made, { work, more }, signal);
  const name = `${await recipeHash(more)}${more.length > 0 ? larger : ""}`;
  const isLike = (other: string) => other.endsWith(larger) === name.endsWith(larger);
  // A machine of another checkout may still need any that was used today.
  const folder = await findOrMake("lab", { name, make, keep: 1, isLike, stayMs: dayMs }, signal);
  return {
    kernel: join(folder, "vmlinux"),
    initrd: join(folder, "initrd"),
    disk: join(folder, "root.ext4"),
  };
}

async function build(image: string, { work, more }: BuildOptions, signal: AbortSignal): Promise<void> {
  await ensureTools(buildNeeds, signal);
  if (process.getuid?.() !== 0) {
    throw new Error(
      `cannot build the lab's root: mmdebstrap needs root; got user id ${process.getuid?.() ?? "unknown"}`,
    );
  }
  console.error("lab: building the guest's root, once");
  const rootfs = join(work, "rootfs");
  await debootstrap(rootfs, { work, more }, signal);
  await mkdir(image);
  await pack(rootfs, work, image, signal);
}

async function debootstrap(rootfs: string, { work, more }: BuildOptions, signal: AbortSignal): Promise<void> {
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
      `--include=${[...packages, ...more].join(",")}`,
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
