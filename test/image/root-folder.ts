/**
 * The image's root without the driver: what stage `root` of the Dockerfile makes, as a folder in the user's cache.
 * 1. The stage runs on a base that mmdebstrap makes, so no image registry is asked; the Debian source is the machine's.
 * 2. The base stays behind: nothing of it, and no name of a mirror, gets into the image.
 * 3. A folder is named after the text of the stage and the suite.
 */
import { createHash } from "node:crypto";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LockedShelf } from "../lab/cache.ts";
import { aptTransport, debianMirror } from "../lab/debian-mirror.ts";
import { suite } from "../lab/recipe.ts";
import { runTool } from "../lab/run-tool.ts";
import { buildahIn } from "./buildah.ts";

const base = "localhost/nvmetcp-csi-base";
const prefix = "root-";
const stage = "localhost/nvmetcp-csi-root";
/** Certificates of an https mirror are the machine's own; the base has none. */
const certificates = "/etc/ssl/certs";

/** The part of a Dockerfile that makes `root`: everything before the next stage. */
export function rootStage(dockerfile: string): string {
  const [, text] = /^([^]*?^FROM \S+ AS root\n[^]*?)^FROM /m.exec(dockerfile) ?? [];
  if (text === undefined) throw new Error("cannot read the Dockerfile: it must have a stage root before another stage");
  return text;
}

export async function rootFolder(
  shelf: LockedShelf,
  project: string,
  dockerfile: string,
  signal: AbortSignal,
): Promise<string> {
  const key = createHash("sha256")
    .update(`${suite}\n${rootStage(dockerfile)}`)
    .digest("hex")
    .slice(0, 16);
  return await shelf.findOrMake({
    name: `${prefix}${key}`,
    keep: 3,
    isLike: (name) => name.startsWith(prefix),
    make: async (made, work) => {
      console.error("image: building the root, once");
      await mkdir(made);
      await build(work, join(made, "image"), project, signal);
    },
  });
}

async function build(work: string, image: string, project: string, signal: AbortSignal): Promise<void> {
  const buildah = await buildahIn(join(work, "storage"));
  await makeBase(work, signal);
  await writeFile(join(work, "Dockerfile"), "FROM scratch\nADD base.tar /\n");
  await buildah(["build", "--tag", base, work], signal);
  const known = (await stat(certificates).catch(() => undefined)) !== undefined;
  const mounts = known ? [`--volume=${certificates}:${certificates}:ro`] : [];
  const options = ["--network=host", "--target=root", `--build-arg=BASE=${base}`, `--tag=${stage}`, ...mounts];
  await buildah(["build", ...options, project], signal);
  const container = await buildah(["from", "--pull-never", stage], signal);
  const root = await buildah(["mount", container], signal);
  await runTool(["cp", "--archive", join(root, "image"), image], signal);
}

async function makeBase(work: string, signal: AbortSignal): Promise<void> {
  const transport = join(work, "apt.conf");
  await writeFile(transport, await aptTransport(signal));
  const options = ["--quiet", "--mode=root", "--variant=apt", "--components=main", `--aptopt=${transport}`];
  const excluded = ["doc", "man", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  const mirror = await debianMirror(signal);
  await runTool(["mmdebstrap", ...options, ...excluded, suite, join(work, "base.tar"), mirror], signal);
}
