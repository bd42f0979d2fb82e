/**
 * Where this machine gets Debian packages from, as its own apt configuration tells: mirror, proxy, certificates.
 */
import { runTool } from "./run-tool.ts";

async function listedMirror(signal: AbortSignal): Promise<string | undefined> {
  const format = "$(ORIGIN)|$(COMPONENT)|$(CODENAME)|$(REPO_URI)";
  const rows = await runTool(["apt-get", "indextargets", "--format", format, "Created-By: Packages"], signal);
  for (const row of rows.toString().split("\n")) {
    const [origin, component, codename = "", uri] = row.split("|");
    // Plain suites only: "-security" and "-updates" do not hold a whole system.
    if (origin === "Debian" && component === "main" && !codename.includes("-")) return uri;
  }
  return undefined;
}

export async function debianMirror(signal: AbortSignal): Promise<string> {
  const known = await listedMirror(signal);
  if (known !== undefined) return known;
  // Without downloaded lists apt does not know what its sources are.
  await runTool(["apt-get", "--quiet", "update"], signal);
  const updated = await listedMirror(signal);
  if (updated !== undefined) return updated;
  throw new Error("cannot build the lab's root: apt needs a Debian source with component main; got none");
}

/** The machine's own transport settings (a proxy, a certificate), in the syntax of apt.conf. */
export async function aptTransport(signal: AbortSignal): Promise<string> {
  const dump = (await runTool(["apt-config", "dump", "Acquire"], signal)).toString();
  return dump
    .split("\n")
    .filter((line) => /^Acquire::https?::/.test(line))
    .join("\n");
}
