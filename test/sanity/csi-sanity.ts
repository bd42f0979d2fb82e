/** The real csi-sanity: built once from its Go module, kept in the cache. */
import { execFile } from "node:child_process";
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDirectory } from "../lab/root-image.ts";

const version = "v5.5.0";
const run = promisify(execFile);

/** File name of the program in the cache's `bin` folder, which is also visible in the lab. */
export const csiSanityName = `csi-sanity-${version}`;

/** Path of the program on this machine. */
export async function ensureCsiSanity(): Promise<string> {
  const directory = join(cacheDirectory(), "bin");
  const path = join(directory, csiSanityName);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return path;
  await mkdir(directory, { recursive: true });
  const module = `github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity@${version}`;
  // Static, so that it runs in any guest. GOBIN cannot rename; hence a folder of its own and a move.
  const env = { ...process.env, CGO_ENABLED: "0", GOBIN: join(directory, `${csiSanityName}.build`) };
  await run("go", ["install", module], { env });
  await run("mv", [join(env.GOBIN, "csi-sanity"), path]);
  await run("rmdir", [env.GOBIN]);
  return path;
}
