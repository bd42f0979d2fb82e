/**
 * The mount table of this process, from /proc/self/mountinfo: reading it never touches a mounted file system.
 * Format: proc_pid_mountinfo(5); optional fields end at a single dash.
 */
import { basename, join, normalize } from "node:path";
import { readText } from "../host/files.ts";
import { sameDevice } from "../domain/device-number.ts";
import type { DeviceNumber } from "../domain/model.ts";
import { failure } from "../domain/errors.ts";

/** One line of /proc/self/mountinfo. */
export interface Mount {
  readonly device: DeviceNumber;
  /** Path inside the mounted file system that is visible at `path`; "/" unless it is a bind mount of a part. */
  readonly root: string;
  readonly path: string;
  readonly type: string;
  readonly source: string;
  /** Options of this mount, such as `ro`. */
  readonly options: readonly string[];
  /** Options of the file system, such as `ro` after an error. */
  readonly superOptions: readonly string[];
  /** Inode of the device node that is bound here and whose device is gone; absent where that is not known. */
  readonly node?: number;
}

const linePattern =
  /^\d+ \d+ (?<major>\d+):(?<minor>\d+) (?<root>\S+) (?<path>\S+) (?<options>\S+)(?: \S+)*? - (?<type>\S+) (?<source>\S*) (?<superOptions>\S+)$/;

let last: { readonly text: string; readonly mounts: readonly Mount[] } = { text: "", mounts: [] };

/**
 * Oldest mount first, as the kernel lists them. A node has hundreds of mounts and a stage looks at them several times: the
 * same text is the same table.
 */
export function parseMountinfo(text: string): readonly Mount[] {
  if (text !== last.text) last = { text, mounts: text.split("\n").filter(Boolean).map(parseLine) };
  return last.mounts;
}

function parseLine(line: string): Mount {
  const groups = linePattern.exec(line)?.groups;
  if (groups === undefined) {
    throw failure("unavailable", { cannot: "read the mount table", rule: "a line has an unknown form", got: line });
  }
  const { major = "", minor = "", root = "", path = "", options = "" } = groups;
  const { type = "", source = "", superOptions = "" } = groups;
  return {
    device: { major: Number(major), minor: Number(minor) },
    root: unescape(root),
    path: unescape(path),
    type: unescape(type),
    source: unescape(source),
    options: options.split(","),
    superOptions: superOptions.split(","),
  };
}

/** Space, tab, line feed and backslash appear as octal numbers; they stand for bytes, and names are UTF-8. */
function unescape(field: string): string {
  if (!field.includes("\\")) return field;
  return field.replaceAll(/\\(?<octal>[0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

export async function readMounts(proc: string): Promise<readonly Mount[]> {
  const text = await readText(join(proc, "self/mountinfo"));
  if (text === undefined) {
    throw failure("unavailable", { cannot: "read the mount table", rule: "proc must be mounted", got: proc });
  }
  return parseMountinfo(text);
}

/** The mount that is visible at exactly this path: the last one made there. */
export function topMountAt(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts.findLast((mount) => mount.path === path);
}

/** What a path shows: a device or file system, and a place inside it. */
export interface Origin {
  readonly device: DeviceNumber;
  readonly root: string;
}

/** Where a path without symbolic links lies: in the topmost mount at its longest mounted prefix. */
export function originOf(mounts: readonly Mount[], path: string): Origin | undefined {
  const isPrefix = (mount: Mount) =>
    path === mount.path || path.startsWith(mount.path === "/" ? "/" : `${mount.path}/`);
  const longest = Math.max(...mounts.filter(isPrefix).map((mount) => mount.path.length));
  const mount = mounts.findLast((candidate) => isPrefix(candidate) && candidate.path.length === longest);
  if (mount === undefined) return undefined;
  const inside = path.slice(mount.path === "/" ? 0 : mount.path.length);
  return { device: mount.device, root: withoutEndSlash(normalize(`${mount.root}/${inside}`)) };
}

function withoutEndSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** A device by name and number. */
interface Named {
  readonly path: string;
  readonly number: DeviceNumber;
}

/**
 * Whether a mount is of the file system on a device. A btrfs has a number of its own in the mount table; its source is
 * the device's name, which no other device gets while the file system is mounted (docs/kernel-facts.md).
 */
export function isFilesystemOn(mount: Mount, { path, number }: Named): boolean {
  return mount.type === "btrfs" ? mount.source === path : sameDevice(mount.device, number);
}

/** Paths at which a device that is there is used: as a file system, or as a device node. */
export function usersOf(mounts: readonly Mount[], device: Named): readonly string[] {
  const isNode = (mount: Mount) => mount.type === "devtmpfs" && mount.root === `/${basename(device.path)}`;
  const isUser = (mount: Mount) => isFilesystemOn(mount, device) || isNode(mount);
  return mounts.filter(isUser).map((mount) => mount.path);
}
