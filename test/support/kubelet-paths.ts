/** Directories such as the kubelet makes them, in a temporary directory. */
import { mkdir, mkdtempDisposable, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export interface KubeletPaths extends AsyncDisposable {
  /** An existing directory of one volume's stage. */
  readonly staging: string;
  /** A path that does not exist yet; its parent does. */
  readonly target: string;
  readonly root: string;
}

export async function makeKubeletPaths(): Promise<KubeletPaths> {
  const directory = await mkdtempDisposable(path.join(await realpath(tmpdir()), "nvmetcp-csi-kubelet-"));
  const staging = path.join(directory.path, "staging");
  await mkdir(staging);
  await mkdir(path.join(directory.path, "pod"));
  return {
    root: directory.path,
    staging,
    target: path.join(directory.path, "pod", "mount"),
    [Symbol.asyncDispose]: async () => directory.remove(),
  };
}
