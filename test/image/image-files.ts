/** What an unpacked root consists of, as an image is judged by it. */
import { lstat, open, readdir } from "node:fs/promises";
import { join, relative } from "node:path";

export interface ImageFile {
  /** Absolute inside the image. */
  readonly path: string;
  readonly kind: "file" | "folder" | "link" | "other";
  readonly mode: number;
  readonly bytes: number;
  readonly links: number;
  readonly inode: number;
  readonly isElf: boolean;
}

export async function imageFiles(root: string): Promise<readonly ImageFile[]> {
  const files: ImageFile[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mode, size, nlink, ino } = await lstat(path);
    const kind = entry.isFile() ? "file" : entry.isDirectory() ? "folder" : entry.isSymbolicLink() ? "link" : "other";
    files.push({
      path: `/${relative(root, path)}`,
      kind,
      mode: mode & 0o7777,
      bytes: kind === "file" ? size : 0,
      links: nlink,
      inode: ino,
      isElf: kind === "file" && (await startsAsElf(path)),
    });
  }
  return files;
}

async function startsAsElf(path: string): Promise<boolean> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
  return bytesRead === 4 && buffer.toString("latin1") === "\x7fELF";
}

/** Bytes of all files; a file with several names counts once. */
export function totalBytes(files: readonly ImageFile[]): number {
  return [...new Map(files.map((file) => [file.inode, file.bytes])).values()].reduce((sum, bytes) => sum + bytes, 0);
}
