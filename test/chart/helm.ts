/** The real helm. */
import { ensureGoTool } from "../lab/go-tool.ts";
import type { GoTool } from "../lab/go-tool.ts";
import { runTool } from "../lab/run-tool.ts";

const version = "v4.3.1";
const tool: GoTool = {
  command: "helm.sh/helm/v4/cmd/helm",
  version,
  flags: ["-trimpath", "-ldflags", `-s -w -X helm.sh/helm/v4/internal/version.version=${version}`],
};

/** Path of the program on this machine. */
export async function ensureHelm(signal: AbortSignal): Promise<string> {
  return ensureGoTool(tool, signal);
}

/** What helm prints; any other end than exit status 0 throws with its errors. */
export async function helm(args: readonly string[], signal: AbortSignal): Promise<string> {
  return (await runTool([await ensureHelm(signal), ...args], signal)).toString();
}
