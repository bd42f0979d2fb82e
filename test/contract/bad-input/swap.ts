/** A directory that is exchanged for a link to the outside, and back, all the time while calls run. */
import { rename, rm, symlink } from "node:fs/promises";
import { errorCode } from "../../../src/host/files.ts";

/** `at` is a directory before and after. */
export async function whileSwapping(
  { outside }: { readonly outside: string },
  at: string,
  work: () => Promise<void>,
): Promise<void> {
  const [away, link] = [`${at}-away`, `${at}-link`];
  await symlink(outside, link);
  let isDone = false;
  const swapping = async () => {
    while (!isDone) {
      await rename(at, away);
      await put(link, at);
      await rename(at, link);
      await put(away, at);
    }
    await rm(link);
  };
  const working = work().finally(() => (isDone = true));
  await Promise.all([working, swapping()]);
}

/** Renames; what a call has made there in between goes away. */
async function put(from: string, to: string): Promise<void> {
  for (;;) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      if (!["EISDIR", "ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(errorCode(error) ?? "")) throw error;
    }
    // A call may make something in it meanwhile: then the rename fails once more.
    await rm(to, { recursive: true, force: true }).catch(() => undefined);
  }
}
