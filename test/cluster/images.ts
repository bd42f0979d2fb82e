/**
 * The images that the nodes have; there is no registry. They are made from static programs, or come as archives.
 */
import { chmod, cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "../lab/run-tool.ts";
import { sidecars } from "./go-program-groups.ts";
import { writeImageArchive } from "./image-archive.ts";
import type { ImageContent } from "./image-archive.ts";
import { addDd, busybox, type NodeImage } from "./node-image.ts";

/** What holds a pod's namespaces. */
export const pauseImage = "docker.io/nvmetcp-test/pause:1";

export const busyboxImage = "docker.io/library/busybox:1";

export interface Programs {
  readonly node: NodeImage;
  /** Folders. */
  readonly sidecars: string;
  readonly suite?: string;
}

/** Writes an archive of each image into a folder. */
export async function writeTestImages(
  folder: string,
  work: string,
  programs: Programs,
  signal: AbortSignal,
): Promise<void> {
  const shell = join(work, "shell");
  await makeShellRoot(shell, busybox(programs.node), signal);
  // A pod's sandbox is ended with SIGKILL, so it need not listen.
  const contents: ImageContent[] = [
    { name: pauseImage, root: shell, entrypoint: ["/bin/sleep", "inf"] },
    { name: busyboxImage, root: shell },
  ];
  for (const [program, { image }] of Object.entries(sidecars)) {
    const root = join(work, program);
    await makeEmptyRoot(root);
    await cp(join(programs.sidecars, program), join(root, program));
    contents.push({ name: image, root, entrypoint: [`/${program}`] });
  }
  if (programs.suite !== undefined)
    contents.push(...(await suiteImages(work, shell, programs, programs.suite, signal)));
  for (const [index, content] of contents.entries()) {
    await writeImageArchive(join(folder, `${index}.tar`), content, signal);
  }
}

async function makeEmptyRoot(root: string): Promise<void> {
  for (const name of ["etc", "tmp", "proc", "sys", "dev"]) await mkdir(join(root, name), { recursive: true });
  await chmod(join(root, "tmp"), 0o1777);
  await writeFile(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
  );
  await writeFile(join(root, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
}

async function makeShellRoot(root: string, program: string, signal: AbortSignal): Promise<void> {
  await makeEmptyRoot(root);
  for (const name of ["bin", "root", "var"]) await mkdir(join(root, name));
  await cp(program, join(root, "bin/busybox"));
  const applets = (await runTool([program, "--list"], signal)).toString().trim().split("\n");
  for (const applet of applets) if (applet !== "busybox") await symlink("busybox", join(root, "bin", applet));
}

const suiteImage = /^registry\.k8s\.io\/e2e-test-images\/(agnhost|busybox|glibc-dns-testing|nginx):\S+$/;

/**
 * The images of Kubernetes' own suite under the names that it asks for. From nginx its storage specs want a shell, from
 * glibc-dns-testing one with GNU dd.
 */
async function suiteImages(
  work: string,
  shell: string,
  { node }: Programs,
  suite: string,
  signal: AbortSignal,
): Promise<ImageContent[]> {
  const agnhost = join(work, "agnhost");
  await cp(shell, agnhost, { recursive: true, verbatimSymlinks: true });
  await cp(join(suite, "agnhost"), join(agnhost, "agnhost"));
  const list = (await runTool([join(suite, "e2e.test"), "--list-images"], signal)).toString();
  const names = list.split("\n").filter((name) => suiteImage.test(name));
  const glibc = join(work, "glibc");
  await cp(shell, glibc, { recursive: true, verbatimSymlinks: true });
  await addDd(node, glibc);
  return names.map((name) => {
    if (name.includes("/agnhost:")) return { name, root: agnhost, entrypoint: ["/agnhost"] };
    return { name, root: name.includes("/glibc-dns-testing:") ? glibc : shell };
  });
}
