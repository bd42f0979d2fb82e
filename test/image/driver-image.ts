/**
 * The driver's image as a file that `ctr image import`, `docker load` and `podman load` take. Made without a registry:
 * buildah runs the last stage of the Dockerfile on folders that stand in for the stages before it.
 * 1. A finished archive is kept and found again by everything that goes into it: Dockerfile, licence, locked packages,
 *    suite, bundle, version and revision. The bundle is made anew each time (a second), so it is never an old one.
 * 2. The shelf is locked from the bundle to the copy: other builds neither run meanwhile nor remove the archive.
 */
import { createHash } from "node:crypto";
import { constants, copyFile, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { bundle } from "../../scripts/bundle.ts";
import { LockedShelf } from "../lab/cache.ts";
import { ensureTools } from "../lab/host-tools.ts";
import { suite } from "../lab/recipe.ts";
import { runTool } from "../lab/run-tool.ts";
import { buildahIn } from "./buildah.ts";
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
  await using shelf = await LockedShelf.open("image", signal);
  await using work = await shelf.workFolder();
  await makeApp(work.path, signal);
  const image = await describe(signal);
  const archive = await shelf.findOrMake({
    name: `${await keyOf(work.path, image)}.tar`,
    keep: 3,
    isLike: (name) => name.endsWith(".tar"),
    make: async (made, storage) => {
      const root = await rootFolder(shelf, project, await readFile(join(project, "Dockerfile"), "utf8"), signal);
      await build({ root, app: join(work.path, "app"), storage }, image, made, signal);
    },
  });
  await copy(archive, resolve(output));
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

interface Folders {
  readonly root: string;
  readonly app: string;
  readonly storage: string;
}

async function build(folders: Folders, image: DriverImage, archive: string, signal: AbortSignal): Promise<void> {
  console.error("image: building");
  const buildah = await buildahIn(join(folders.storage, "storage"));
  const stages = [`--build-context=root=${folders.root}`, `--build-context=app=${folders.app}`];
  const facts = [`--build-arg=VERSION=${image.version}`, `--build-arg=REVISION=${image.revision}`];
  await buildah(["build", ...stages, ...facts, `--tag=${image.name}`, project], signal);
  await buildah(["push", image.name, `docker-archive:${archive}:${image.name}`], signal);
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
