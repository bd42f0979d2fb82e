/**
 * The driver's image as a file that `ctr image import`, `docker load` and `podman load` take. Made without a registry:
 * buildah runs the last stage of the Dockerfile on folders that stand in for the stages before it.
 * 1. A finished archive is kept and found again by everything that goes into it: Dockerfile, licence, locked packages,
 *    suite, bundle, version and revision. The bundle is made anew each time (a second), so it is never an old one.
 * 2. Builders take turns (a lock); an archive appears by one rename.
 */
import { createHash } from "node:crypto";
import { constants, copyFile, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { bundle } from "../../scripts/bundle.ts";
import { lockFile } from "../lab/file-lock.ts";
import { ensureTools } from "../lab/host-tools.ts";
import { suite } from "../lab/recipe.ts";
import { cacheDirectory } from "../lab/root-image.ts";
import { runTool } from "../lab/run-tool.ts";
import { buildahIn } from "./buildah.ts";
import { keepRecent, removeUnfinished, temporaryFolder } from "./cache-folder.ts";
import { rootFolder } from "./root-folder.ts";

export interface DriverImage {
  /** The name under which the archive is imported, and the chart's default. */
  readonly name: string;
  readonly version: string;
  /** The commit, with `-dirty` when files differ from it; `unknown` outside a git checkout. */
  readonly revision: string;
}

const project = join(import.meta.dirname, "../..");
const needs = {
  buildah: "buildah",
  mmdebstrap: "mmdebstrap",
  flock: "util-linux",
  "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
};

/** Writes the archive of the image of this checkout; builds it first when the cache has none. */
export async function writeDriverImage(output: string, signal: AbortSignal): Promise<DriverImage> {
  if (process.getuid?.() !== 0) {
    const got = process.getuid?.() ?? "unknown";
    throw new Error(`cannot build the image: mmdebstrap and buildah's chroot need root; got user id ${got}`);
  }
  await ensureTools(needs, signal);
  const cache = join(cacheDirectory(), "image");
  await mkdir(cache, { recursive: true });
  await using _lock = await lockFile(join(cache, "lock"), signal);
  await removeUnfinished(cache, signal);
  await using work = await temporaryFolder(cache);
  await makeApp(work.path, signal);
  const image = await describe(signal);
  const archive = join(cache, `${await keyOf(work.path, image)}.tar`);
  const found = await stat(archive).catch(() => undefined);
  if (found === undefined) await build(cache, work.path, image, archive, signal);
  await copy(archive, resolve(output));
  await keepRecent(archive, (name) => name.endsWith(".tar"), signal);
  return image;
}

/** What the stage `app` makes: the Node.js of the locked package, and the bundle without source maps. */
async function makeApp(work: string, signal: AbortSignal): Promise<void> {
  const folder = join(work, "app/bundle");
  await bundle(folder);
  signal.throwIfAborted();
  for (const name of await readdir(folder, { recursive: true }))
    if (name.endsWith(".map")) await rm(join(folder, name));
  await copyFile(join(project, "node_modules/node/bin/node"), join(work, "app/node"), constants.COPYFILE_FICLONE);
}

async function describe(signal: AbortSignal): Promise<DriverImage> {
  const { version } = JSON.parse(await readFile(join(project, "package.json"), "utf8")) as { version: string };
  const git = async (...args: readonly string[]) =>
    (await runTool(["git", "-C", project, ...args], signal)).toString().trim();
  const revision = await git("rev-parse", "HEAD")
    .then(async (commit) => ((await git("status", "--porcelain")) === "" ? commit : `${commit}-dirty`))
    .catch(() => "unknown");
  return { name: `docker.io/nvmetcp/nvmetcp-csi:${version}`, version, revision };
}

async function keyOf(work: string, image: DriverImage): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify({ suite, image }));
  const bundled = join(work, "app/bundle");
  const parts = (await readdir(bundled, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const files = ["Dockerfile", ".dockerignore", "LICENSE", "package-lock.json"].map((name) => join(project, name));
  for (const file of [...files, ...parts]) {
    hash.update(`\0${file.startsWith(work) ? file.slice(work.length) : basename(file)}\0`).update(await readFile(file));
  }
  return hash.digest("hex").slice(0, 16);
}

async function build(
  cache: string,
  work: string,
  image: DriverImage,
  archive: string,
  signal: AbortSignal,
): Promise<void> {
  const root = await rootFolder(cache, project, await readFile(join(project, "Dockerfile"), "utf8"), signal);
  console.error("image: building");
  const buildah = await buildahIn(join(work, "storage"));
  const stages = [`--build-context=root=${root}`, `--build-context=app=${join(work, "app")}`];
  const facts = [`--build-arg=VERSION=${image.version}`, `--build-arg=REVISION=${image.revision}`];
  await buildah(["build", ...stages, ...facts, `--tag=${image.name}`, project], signal);
  const made = join(work, "image.tar");
  await buildah(["push", image.name, `docker-archive:${made}:${image.name}`], signal);
  await rename(made, archive);
}

async function copy(from: string, to: string): Promise<void> {
  const temporary = join(dirname(to), `.${basename(to)}.${process.pid}`);
  try {
    await copyFile(from, temporary, constants.COPYFILE_FICLONE);
    await rename(temporary, to);
  } finally {
    await rm(temporary, { force: true });
  }
}
