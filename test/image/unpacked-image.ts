/** An image archive unpacked into folders, and programs run in it with its environment and a read-only root. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { runTool } from "../lab/run-tool.ts";

export interface ImageConfig {
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
}

export interface UnpackedImage {
  readonly names: readonly string[];
  readonly config: ImageConfig;
  /** Folders of the host: the root, and what is writable at /run and at the default state directory. */
  readonly root: string;
  readonly run: string;
  readonly state: string;
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly signal: AbortSignal;
  readonly stdin?: string;
}

/** The layers hold no whiteouts, as the image starts from scratch, so unpacking them in order is all. */
export async function unpackImage(archive: string, into: string, signal: AbortSignal): Promise<UnpackedImage> {
  const [parts, root, run, state] = ["parts", "root", "run", "state"].map((name) => join(into, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const folder of [parts, root, run, state]) await mkdir(folder);
  await runTool(["tar", "--extract", "--file", archive, "--directory", parts], signal);
  const [manifest] = JSON.parse(await readFile(join(parts, "manifest.json"), "utf8")) as {
    readonly Config: string;
    readonly RepoTags: readonly string[];
    readonly Layers: readonly string[];
  }[];
  if (manifest === undefined) throw new Error(`cannot unpack ${archive}: its manifest must name one image`);
  for (const layer of manifest.Layers) {
    await runTool(["tar", "--extract", "--file", join(parts, layer), "--directory", root], signal);
  }
  const { config } = JSON.parse(await readFile(join(parts, manifest.Config), "utf8")) as { config: ImageConfig };
  return { names: manifest.RepoTags, config, root, run, state };
}

/** Starts a program in the image. Without `prefix` it has the returned process id. */
export function startInImage(
  image: UnpackedImage,
  argv: readonly string[],
  { prefix = [], ...options }: { readonly signal: AbortSignal; readonly prefix?: readonly string[] },
): ChildProcess {
  const env = Object.fromEntries(
    image.config.Env.map((entry) => entry.split(/=(.*)/s).slice(0, 2) as [string, string]),
  );
  const enter = ["--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private", ...prefix];
  const script = join(import.meta.dirname, "enter.sh");
  const command = [...enter, "sh", script, image.root, image.run, image.state, ...argv];
  return spawn("setpriv", command, { env, stdio: "pipe", killSignal: "SIGKILL", ...options });
}

export async function runInImage(
  image: UnpackedImage,
  argv: readonly string[],
  { signal, stdin = "" }: RunOptions,
): Promise<Ended> {
  const child = startInImage(image, argv, { signal });
  return await endOf(child, stdin);
}

/** Feeds a program its input and waits for its end. */
export async function endOf(child: ChildProcess, stdin = ""): Promise<Ended> {
  const closed = once(child, "close");
  // A program that reads nothing closes the pipe; its exit status tells the rest.
  child.stdin?.on("error", () => undefined).end(stdin);
  const [stdout, stderr] = await Promise.all([
    child.stdout === null ? "" : text(child.stdout),
    child.stderr === null ? "" : text(child.stderr),
    closed,
  ]);
  return { status: child.exitCode, stdout, stderr };
}
