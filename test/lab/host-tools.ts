/**
 * The programs that the lab needs on the host. A fresh machine has none of them: root gets them through apt-get.
 */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "./run-tool.ts";

/** Absolute path of a file that must exist, or the name of a program -> the Debian package that has it. */
export type Needs = Readonly<Record<string, string>>;

export const runNeeds: Needs = {
  "qemu-system-x86_64": "qemu-system-x86",
  setpriv: "util-linux",
};

export const buildNeeds: Needs = {
  mmdebstrap: "mmdebstrap",
  "mkfs.ext4": "e2fsprogs",
  flock: "util-linux",
  "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
};

async function exists(need: string): Promise<boolean> {
  const folders = need.startsWith("/") ? [""] : [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
  for (const folder of folders) {
    const found = await access(join(folder, need), need.startsWith("/") ? constants.R_OK : constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

async function missingPackages(needs: Needs): Promise<string[]> {
  const missing = new Set<string>();
  for (const [need, name] of Object.entries(needs)) if (!(await exists(need))) missing.add(name);
  return [...missing];
}

export async function ensureTools(needs: Needs, signal: AbortSignal): Promise<void> {
  const missing = await missingPackages(needs);
  if (missing.length === 0) return;
  const root = process.getuid?.() === 0;
  if (!root || !(await exists("apt-get"))) {
    const got = root ? "no apt-get" : `user id ${process.getuid?.() ?? "unknown"}`;
    throw new Error(
      `cannot install the lab's programs: root and apt-get are needed; got ${got}. Install: ${missing.join(" ")}`,
    );
  }
  console.error(`lab: installing ${missing.join(" ")}`);
  const apt = ["apt-get", "--quiet", "--yes", "--option", "DPkg::Lock::Timeout=300"] as const;
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = () => runTool([...apt, "install", "--no-install-recommends", ...missing], signal, { env });
  // The lists of a fresh machine may be missing or old; a good install does not need the minute an update takes.
  await install().catch(async () => {
    await runTool([...apt, "update"], signal, { env });
    await install();
  });
  const still = await missingPackages(needs);
  if (still.length > 0) throw new Error(`cannot find the lab's programs after install; missing ${still.join(" ")}`);
}
