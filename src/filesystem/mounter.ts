/**
 * Mounting, binding and unmounting.
 *
 * T1  The mount table decides what is still to be done, and says afterwards whether it is done; the exit status of
 *     mount and umount only adds their words to an error.
 * T2  Another mount at a path is never covered and never removed.
 * T3  Read-only means that nothing is written: not even a journal is replayed (V30).
 * T4  A device node is bound by its name, and names pass to other devices: what was bound is looked at afterwards.
 */
import { join } from "node:path";
import { numberOf, sameDevice } from "../domain/device-number.ts";
import { failure, type DomainError, type ErrorKind } from "../domain/errors.ts";
import type { Ask } from "../host/converse.ts";
import { runHolding } from "../host/direct-io.ts";
import { toolFailure, type Exec, type ExecResult } from "../host/exec.ts";
import { readText, statOf } from "../host/files.ts";
import { mountPointName } from "../host/paths.ts";
import type { BindRequest, BlockDevice, Mount, MountRequest } from "./index.ts";
import { kinds } from "./kinds.ts";
import { isFilesystemOn, originOf, readMounts, topMountAt } from "./mountinfo.ts";

export interface MounterContext {
  readonly exec: Exec;
  /** Where proc is mounted. */
  readonly proc: string;
  /** Where sysfs is mounted. */
  readonly sys: string;
}

/** Mounts the device that `ask`'s child holds. */
export async function mountDevice(
  context: MounterContext,
  { ask, device, ...request }: MountRequest & { readonly ask: Ask; readonly device: BlockDevice },
  signal: AbortSignal,
): Promise<void> {
  const { type, readOnly } = request;
  const path = await mountPointName(request.path);
  const isWanted = (mount: Mount) => isFilesystemOn(mount, device) && mount.root === "/" && mount.type === type;
  const present = topMountAt(await readMounts(context.proc), path);
  if (present !== undefined) {
    if (isWanted(present) && isReadOnly(present) === readOnly) return;
    throw occupied(`mount ${device.path}`, path, present);
  }
  const args = mountArguments(device, { ...request, path });
  const result = await runHolding(ask, ["mount", ...args], { signal });
  const mounted = topMountAt(await readMounts(context.proc), path);
  if (mounted === undefined) throw refused("mount", args, result);
  if (isWanted(mounted) && isReadOnly(mounted) === readOnly) return;
  await unmountPath(context, path, signal);
  throw unexpected(`mount ${device.path} on ${path}`, mounted);
}

function mountArguments(device: BlockDevice, { path, type, options, readOnly }: MountRequest): readonly string[] {
  const { options: first, readOnlyOptions } = kinds[type];
  const access = readOnly ? [...readOnlyOptions, "ro"] : ["rw"];
  // The last option wins.
  const defaults = first.filter((option) => !options.some((other) => nameOf(other) === nameOf(option)));
  const all = [...defaults, ...options, ...access].join(",");
  return ["-t", type, "-o", all, "--source", device.path, "--target", path];
}

function nameOf(option: string): string {
  return option.split("=")[0] ?? option;
}

export async function bindPath(context: MounterContext, request: BindRequest, signal: AbortSignal): Promise<void> {
  const { readOnly, device } = request;
  const [from, to] = await Promise.all([mountPointName(request.source), mountPointName(request.target)]);
  const mounts = await readMounts(context.proc);
  const origin = originOf(mounts, from);
  const isWanted = (mount: Mount) =>
    origin !== undefined && sameDevice(mount.device, origin.device) && mount.root === origin.root;
  const cannot = `bind ${from} to ${to}`;
  let present = topMountAt(mounts, to);
  const isNew = present === undefined;
  if (present === undefined) present = await mountStep(context, to, ["--bind", from, to], signal);
  if (!isWanted(present)) throw isNew ? unexpected(cannot, present) : occupied(cannot, to, present);
  if (isNew && device !== undefined) await assertDevice(context, device, to, signal);
  if (isReadOnly(present) === readOnly) return;
  if (readOnly) {
    present = await mountStep(context, to, ["-o", "remount,bind,ro", "--target", to], signal);
    if (isReadOnly(present)) return;
  } else if (isNew) {
    await unmountPath(context, to, signal);
  }
  throw isNew || readOnly ? unexpected(cannot, present) : occupied(cannot, to, present);
}

/** T4. */
async function assertDevice(context: MounterContext, device: BlockDevice, path: string, signal: AbortSignal) {
  const { major, minor } = device.number;
  const uuid = await readText(join(context.sys, "dev/block", `${major}:${minor}`, "uuid"));
  const node = await statOf(path);
  if (uuid === device.uuid && node?.isBlockDevice() === true && sameDevice(numberOf(node.rdev), device.number)) return;
  await unmountPath(context, path, signal);
  const rule = `${device.path} must be device ${major}:${minor} of namespace ${device.uuid}`;
  throw failure("unavailable", { cannot: `bind it to ${path}`, rule, got: { uuid, rdev: node?.rdev } });
}

/** Runs mount and returns what is at `path` afterwards. */
async function mountStep(context: MounterContext, path: string, args: readonly string[], signal: AbortSignal) {
  const result = await context.exec("mount", args, { signal });
  const mounted = topMountAt(await readMounts(context.proc), path);
  if (mounted === undefined || result.exitCode !== 0) throw refused("mount", args, result);
  return mounted;
}

/** Removes the topmost mount at a path; none is as good. */
export async function unmountPath({ exec, proc }: MounterContext, path: string, signal: AbortSignal): Promise<void> {
  const name = await mountPointName(path);
  const count = async () => (await readMounts(proc)).filter((mount) => mount.path === name).length;
  const before = await count();
  if (before === 0) return;
  // The name is canonical already; umount must not look at a path whose device may be dead.
  const args = ["--no-canonicalize", name];
  const result = await exec("umount", args, { signal });
  if ((await count()) >= before) throw refused("umount", args, result);
}

function isReadOnly(mount: Mount): boolean {
  return mount.options.includes("ro");
}

function occupied(cannot: string, path: string, mount: Mount): DomainError {
  return failure("in_use", { cannot, rule: `something else is mounted on ${path}`, got: describe(mount) });
}

function unexpected(cannot: string, mount: Mount): DomainError {
  const rule = "the mount table must show what was asked";
  return failure("precondition", { cannot, rule, got: describe(mount) });
}

function describe({ device, root, type, source, options }: Mount): string {
  return `${source} (${device.major}:${device.minor}${root}) ${type} ${options.join(",")}`;
}

/** LC_ALL=C (X1): the words for EBUSY are always these. */
function refused(file: string, args: readonly string[], result: ExecResult): DomainError {
  const { message } = toolFailure(file, args, result);
  const kind: ErrorKind = /\bbusy\b/.test(result.stderr) ? "in_use" : "unavailable";
  return failure(kind, { cannot: `use ${file}`, rule: message });
}
