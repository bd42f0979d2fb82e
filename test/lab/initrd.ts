/**
 * The guest's initrd: busybox, init.sh and the few modules that mount the root, unpacked, in load order.
 */
import { chmod, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { initrdModules } from "./recipe.ts";
import { runTool } from "./run-tool.ts";

const moduleName = (path: string) =>
  basename(path)
    .replace(/\.ko(\.\w+)?$/, "")
    .replaceAll("-", "_");

/** Paths of the modules and all they depend on, dependencies first. Built-in ones are in no file and not listed. */
function loadOrder(modulesDep: string, wanted: readonly string[]): string[] {
  const dependencies = new Map<string, readonly string[]>();
  const paths = new Map<string, string>();
  for (const line of modulesDep.split("\n")) {
    const [path = "", list = ""] = line.split(":");
    if (path === "") continue;
    paths.set(moduleName(path), path);
    dependencies.set(path, list.split(" ").filter(Boolean));
  }
  const order = new Set<string>();
  for (const name of wanted) {
    const path = paths.get(name.replaceAll("-", "_"));
    if (path === undefined) continue;
    // modules.dep lists all dependencies, the ones to load first at the end.
    for (const dependency of dependencies.get(path)?.toReversed() ?? []) order.add(dependency);
    order.add(path);
  }
  return [...order];
}

export async function buildInitrd(
  rootfs: string,
  kernel: string,
  work: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const busybox = join(rootfs, "usr/bin/busybox");
  const modules = join(rootfs, "usr/lib/modules", kernel);
  const tree = join(work, "initrd");
  for (const folder of ["bin", "mod", "proc", "sys", "dev", "lower", "upper", "root"]) {
    await mkdir(join(tree, folder), { recursive: true });
  }
  await cp(busybox, join(tree, "bin/busybox"));
  await cp(join(import.meta.dirname, "guest/init.sh"), join(tree, "init"));
  await chmod(join(tree, "init"), 0o755);
  const order = loadOrder(await readFile(join(modules, "modules.dep"), "utf8"), initrdModules);
  for (const [index, path] of order.entries()) {
    const packed = await readFile(join(modules, path));
    const unpacked = path.endsWith(".xz") ? await runTool([busybox, "unxz"], signal, { stdin: packed }) : packed;
    await writeFile(join(tree, "mod", `${String(index).padStart(2, "0")}-${moduleName(path)}.ko`), unpacked);
  }
  const list = await runTool(["find", "."], signal, { cwd: tree });
  // Not compressed: the guest would pay for it on every boot.
  return runTool([busybox, "cpio", "-o", "-H", "newc"], signal, { cwd: tree, stdin: list });
}
