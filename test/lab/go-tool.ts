/**
 * Programs that are built from their Go modules, once per version, and kept in the cache's folder `bin`, which machines
 * of the lab see too.
 */
import { rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { findOrMake } from "./cache.ts";
import { runTool } from "./run-tool.ts";

export interface GoTool {
  /** Import path of the command; its last part is the program's name. */
  readonly command: string;
  readonly version: string;
  /** For `go install`. */
  readonly flags?: readonly string[];
}

/** File name of the program in the cache's `bin`. */
export function goToolName({ command, version }: GoTool): string {
  return `${basename(command)}-${version}`;
}

/** Path of the program on this machine. */
export async function ensureGoTool(tool: GoTool, signal: AbortSignal): Promise<string> {
  const name = goToolName(tool);
  const make = async (made: string, work: string) => {
    console.error(`building ${name}, once`);
    // Static, so that it runs in any guest. GOBIN cannot rename, hence the move.
    const env = { CGO_ENABLED: "0", GOBIN: work };
    await runTool(["go", "install", ...(tool.flags ?? []), `${tool.command}@${tool.version}`], signal, { env });
    await rename(join(work, basename(tool.command)), made);
  };
  // Other checkouts may need other versions; there are few.
  return findOrMake("bin", { name, make, keep: Infinity }, signal);
}
