/** The real helm: built once from its Go module, kept in the cache. */
import { access, mkdir, rename, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { lockFile } from "../lab/file-lock.ts";
import { cacheDirectory } from "../lab/root-image.ts";
import { runTool } from "../lab/run-tool.ts";

const version = "v4.3.1";

/** File name of the program in the cache's `bin` folder. */
export const helmName = `helm-${version}`;

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Path of the program on this machine. */
export async function ensureHelm(signal: AbortSignal): Promise<string> {
  const directory = join(cacheDirectory(), "bin");
  const path = join(directory, helmName);
  if (await isThere(path)) return path;
  await mkdir(directory, { recursive: true });
  // Test files run side by side; one of them builds.
  await using _lock = await lockFile(join(directory, `${helmName}.lock`), signal);
  if (!(await isThere(path))) await build(path, signal);
  return path;
}

async function build(path: string, signal: AbortSignal): Promise<void> {
  console.error(`building ${helmName}, once`);
  const flags = ["-trimpath", "-ldflags", `-s -w -X helm.sh/helm/v4/internal/version.version=${version}`];
  // Static, so that it runs in any guest. GOBIN cannot rename; hence a folder of its own and a move.
  const env = { CGO_ENABLED: "0", GOBIN: `${path}.build` };
  await runTool(["go", "install", ...flags, `helm.sh/helm/v4/cmd/helm@${version}`], signal, { env });
  await rename(join(env.GOBIN, "helm"), path);
  await rmdir(env.GOBIN);
}

/** What helm prints; any other end than exit status 0 throws with its errors. */
export async function helm(args: readonly string[], signal: AbortSignal): Promise<string> {
  return (await runTool([await ensureHelm(signal), ...args], signal)).toString();
}
