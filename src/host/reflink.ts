/** Whether a directory's file system can share extents between files (FICLONE). */
import { constants } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, removeFile } from "./files.ts";

const notSupported = ["EOPNOTSUPP", "ENOTSUP", "ENOTTY", "EINVAL", "EXDEV", "ENOSYS"];

/** Tries it with two small files, which it removes. */
export async function canReflink(directory: string): Promise<boolean> {
  const [from, to] = [join(directory, ".reflink-probe"), join(directory, ".reflink-probe.copy")];
  try {
    await writeFile(from, "reflink?");
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    if (notSupported.includes(errorCode(error) ?? "")) return false;
    throw error;
  } finally {
    await removeFile(from);
    await removeFile(to);
  }
}
