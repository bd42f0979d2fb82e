/** The real csi-sanity. */
import { ensureGoTool, goToolName } from "../lab/go-tool.ts";
import type { GoTool } from "../lab/go-tool.ts";

const tool: GoTool = { command: "github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity", version: "v5.5.0" };

/** File name of the program in the cache's `bin` folder, which is also visible in the lab. */
export const csiSanityName = goToolName(tool);

/** Path of the program on this machine. */
export async function ensureCsiSanity(signal: AbortSignal): Promise<string> {
  return ensureGoTool(tool, signal);
}
