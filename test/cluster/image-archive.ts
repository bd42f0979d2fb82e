/**
 * A container image as one file, in the format of `docker save`: one layer, made from a folder.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { runTool } from "../lab/run-tool.ts";

export interface ImageContent {
  /** With registry and tag, like docker.io/library/busybox:1. */
  readonly name: string;
  /** The folder that becomes the root. */
  readonly root: string;
  /** Without one, a shell that a pod's command replaces. */
  readonly entrypoint?: readonly string[];
}

export async function writeImageArchive(file: string, content: ImageContent, signal: AbortSignal): Promise<void> {
  const { name, root, entrypoint } = content;
  const work = await mkdtemp(join(dirname(file), "layer-"));
  try {
    const layer = join(work, "layer.tar");
    // The same content is the same layer, whenever and wherever it is made.
    const stable = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name", "--mtime=@0"];
    await runTool(["tar", `--directory=${root}`, ...stable, "--create", `--file=${layer}`, "."], signal);
    const start = entrypoint === undefined ? { Cmd: ["/bin/sh"] } : { Entrypoint: entrypoint };
    const configuration = {
      architecture: "amd64",
      os: "linux",
      config: { Env: ["PATH=/bin:/sbin:/usr/bin:/usr/sbin"], ...start },
      rootfs: { type: "layers", diff_ids: [`sha256:${await fileHash(layer, signal)}`] },
    };
    const manifest = [{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }];
    await writeFile(join(work, "config.json"), JSON.stringify(configuration));
    await writeFile(join(work, "manifest.json"), JSON.stringify(manifest));
    const parts = ["manifest.json", "config.json", "layer.tar"];
    await runTool(["tar", `--directory=${work}`, "--create", `--file=${file}`, ...parts], signal);
  } finally {
    await rm(work, { recursive: true });
  }
}

/** SHA-256 in hexadecimal. */
export async function fileHash(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash, { signal });
  return hash.digest("hex");
}
