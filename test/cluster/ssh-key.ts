/** The key with which programs that want a node's shell by ssh, such as Kubernetes' own suite, come in as root. */
import { readFile } from "node:fs/promises";
import { runTool } from "../lab/run-tool.ts";

/** Writes the private key into a file; returns the line for authorized_keys. */
export async function writeSshKey(file: string, signal: AbortSignal): Promise<string> {
  await runTool(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file], signal);
  return readFile(`${file}.pub`, "utf8");
}
