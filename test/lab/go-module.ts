/** Go modules as the module proxy serves them: programs are built from them, and some bring files that clusters need. */
import { tmpdir } from "node:os";
import { runTool } from "./run-tool.ts";

export interface GoModule {
  /** The folder with all its files, in Go's own cache: to be read only. */
  readonly folder: string;
  /** A file. */
  readonly goMod: string;
}

/** `name` is module@version. */
export async function goModule(name: string, signal: AbortSignal): Promise<GoModule> {
  // Somewhere outside a module, which would have a word in it.
  const said = await runTool(["go", "mod", "download", "-json", name], signal, { cwd: tmpdir() });
  const { Dir, GoMod } = JSON.parse(said.toString()) as { readonly Dir: string; readonly GoMod: string };
  return { folder: Dir, goMod: GoMod };
}
