/** What is in a folder, to see that it was left alone: names, kinds, inodes, sizes and times of the last change. */
import { lstat, readdir, readlink } from "node:fs/promises";
import path from "node:path";

/** One line for the folder and one for each thing in it, however deep. */
export async function treeOf(root: string): Promise<readonly string[]> {
  const found = await lstat(root, { bigint: true });
  const { ino, mode, nlink, size, mtimeNs } = found;
  const kind = found.isSymbolicLink() ? ` -> ${await readlink(root)}` : "";
  const line = `${root}${kind} inode ${ino} mode ${mode.toString(8)} links ${nlink} size ${size} mtime ${mtimeNs}`;
  if (!found.isDirectory()) return [line];
  const names = (await readdir(root)).toSorted();
  return [line, ...(await Promise.all(names.map(async (name) => treeOf(path.join(root, name))))).flat()];
}
