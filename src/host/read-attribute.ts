/**
 * Small files and folders of sysfs, read at once. Through the thread pool such a reading takes eight times as much CPU, and
 * a stage takes some hundred of them (docs/performance.md).
 *
 * N1  Only for what the kernel answers from memory without waiting for a device (S2 of filesystem/index.ts): while one of
 *     these calls waits, so does the whole process. Not for mount tables (the options of a btrfs are looked up on its
 *     device), not for what another process has.
 * N2  What is absent, or goes away while it is read, is undefined or empty.
 */
import { readdirSync, readFileSync } from "node:fs";
import { errorCode } from "./files.ts";

const gone = ["ENOENT", "ENOTDIR", "ENODEV", "ENXIO"];

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (gone.includes(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}

/** The text without white space at its ends. */
export function readAttribute(path: string): string | undefined {
  return unlessGone(() => readFileSync(path, "utf8").trim());
}

/** Names in a folder, sorted. */
export function listEntries(path: string): readonly string[] {
  return (unlessGone(() => readdirSync(path)) ?? []).sort();
}
