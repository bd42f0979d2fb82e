/**
 * Mounting, binding and unmounting.
 *
 * T1  The mount table decides what is still to be done, and says afterwards whether it is done; the exit status of
 *     mount and umount only adds their words to an error.
 * T2  Another mount at a path is never covered and never removed.
 * T3  Read-only means that nothing is written: not even a journal is replayed (V30). The device itself takes no writes by
 *     then; `norecovery` and the like would show a file system as it never was instead of saying no.
 * T4  A device node is bound by its name, and names pass to other devices: what was bound is looked at afterwards.
 * T5  The directory of a mount point is held open from the look at the mount table to the mount: a link that takes its
 *     name meanwhile leads nowhere (F66).
 */
import { basename, dirname, join } from "node:path";
import { sameDevice } from "../domain/device-number.ts";
import { failure, type DomainError, type ErrorKind } from "../domain/errors.ts";
import type { Ask } from "../host/converse.ts";
import { runHolding } from "../host/direct-io.ts";
import { toolFailure, type Exec, type ExecResult } from "../host/exec.ts";
import { errorCode, holdDirectory, readText, realPathOf } from "../host/files.ts";
import { nodeAt } from "./device-nodes.ts";
import type { BindRequest, BlockDevice, DeviceNode, Mount, MountRequest } from "./index.ts";
import { kinds } from "./kinds.ts";
import { isFilesystemOn, originOf, readMounts, topMountAt } from "./mountinfo.ts";

export interface MounterContext {
  readonly exec: Exec;
  /** Where proc is mounted. */
  readonly proc: string;
  /** Where sysfs is mounted. */
  readonly sys: string;
}

interface MountPoint extends AsyncDisposable {
  /** As the mount table has it. */
  readonly name: string;
  /** The same place in the directory that is held. */
  readonly at: string;
}

/** T5. Undefined when there is no such directory, and so no mount. */
async function holdMountPoint(path: string): Promise<MountPoint | undefined> {
  try {
    const directory = await holdDirectory(dirname(path));
    const last = basename(path);
    const release = async () => directory[Symbol.asyncDispose]();
    return { name: join(directory.real, last), at: join(directory.at, last), [Symbol.asyncDispose]: release };
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

async function holdExisting(path: string): Promise<MountPoint> {
  const point = await holdMountPoint(path);
  if (point !== undefined) return point;
  throw failure("precondition", { cannot: `mount on ${path}`, rule: "the directory above it must exist" });
}

/** Mounts the device that `ask`'s child holds. */
export async function mountDevice(
  context: MounterContext,
  { ask, device, ...request }: MountRequest & { readonly ask: Ask; readonly device: BlockDevice },
  signal: AbortSignal,
): Promise<void> {
  const { type, readOnly } = request;
  await using point = await holdExisting(request.path);
  const path = point.name;
  const isWanted = (mount: Mount) => isFilesystemOn(mount, device) && mount.root === "/" && mount.type === type;
  const present = topMountAt(await readMounts(context.proc), path);
  if (present !== undefined) {
    if (isWanted(present) && isReadOnly(present) === readOnly) return;
    throw occupied(`mount ${device.path}`, path, present);
  }
  const args = mountArguments(device, { ...request, path: point.at });
  const result = await runHolding(ask, ["mount", ...args], { signal });
  const mounted = topMountAt(await readMounts(context.proc), path);
  if (mounted === undefined) throw await notSeen(context, point, refused("mount", args, result, [point]), signal);
  if (isWanted(mounted) && isReadOnly(mounted) === readOnly) return;
  await unmountAt(context, point, signal);
  throw unexpected(`mount ${device.path} on ${path}`, mounted);
}

/** A program that looks a name up by itself would lose the directory that is held (T5). */
const asGiven = "--no-canonicalize";

function mountArguments(device: BlockDevice, { path, type, options, readOnly }: MountRequest): readonly string[] {
  const { options: first } = kinds[type];
  // The last option wins.
  const defaults = first.filter((option) => !options.some((other) => nameOf(other) === nameOf(option)));
  const all = [...defaults, ...options, readOnly ? "ro" : "rw"].join(",");
  return [asGiven, "-t", type, "-o", all, "--source", device.path, "--target", path];
}

function nameOf(option: string): string {
  return option.split("=")[0] ?? option;
}

export async function bindPath(context: MounterContext, request: BindRequest, signal: AbortSignal): Promise<void> {
  const { readOnly, device } = request;
  await using source = await holdExisting(request.source);
  await using target = await holdExisting(request.target);
  const [from, to] = [source.name, target.name];
  const mounts = await readMounts(context.proc);
  const origin = originOf(mounts, from);
  const isWanted = (mount: Mount) =>
    origin !== undefined && sameDevice(mount.device, origin.device) && mount.root === origin.root;
  const cannot = `bind ${from} to ${to}`;
  let present = topMountAt(mounts, to);
  const isNew = present === undefined;
  if (present === undefined)
    present = await mountStep(context, ["--bind", source.at, target.at], [target, source], signal);
  if (!isWanted(present)) {
    if (!isNew) throw occupied(cannot, to, present);
    await unmountAt(context, target, signal);
    throw unexpected(cannot, present);
  }
  if (isNew && device !== undefined) await assertNode(context, device, target, signal);
  if (isReadOnly(present) === readOnly) return;
  if (readOnly) {
    present = await mountStep(context, ["-o", "remount,bind,ro", "--target", target.at], [target], signal);
    if (isReadOnly(present)) return;
  } else if (isNew) {
    await unmountAt(context, target, signal);
  }
  throw isNew || readOnly ? unexpected(cannot, present) : occupied(cannot, to, present);
}

/** T4. */
async function assertNode(context: MounterContext, device: DeviceNode, point: MountPoint, signal: AbortSignal) {
  const { major, minor } = device.number;
  const uuid = await readText(join(context.sys, "dev/block", `${major}:${minor}`, "uuid"));
  const node = await nodeAt(point.at, device);
  if (uuid === device.uuid && node === device.node) return;
  await unmountAt(context, point, signal);
  const rule = `${device.path} must be node ${device.node}, of device ${major}:${minor} and namespace ${device.uuid}`;
  throw failure("unavailable", { cannot: `bind it to ${point.name}`, rule, got: { uuid, node } });
}

/** Runs mount and returns what is at the first of the places in its arguments afterwards. */
async function mountStep(
  context: MounterContext,
  what: readonly string[],
  places: readonly [MountPoint, ...MountPoint[]],
  signal: AbortSignal,
) {
  const args = [asGiven, ...what];
  const result = await context.exec("mount", args, { signal });
  const mounted = topMountAt(await readMounts(context.proc), places[0].name);
  if (mounted !== undefined && result.exitCode === 0) return mounted;
  const refusal = refused("mount", args, result, places);
  throw mounted === undefined ? await notSeen(context, places[0], refusal, signal) : refusal;
}

/** Nothing is mounted under the name that was asked for: `refusal`, unless the directory was moved meanwhile (T5). */
async function notSeen(context: MounterContext, point: MountPoint, refusal: DomainError, signal: AbortSignal) {
  const real = await realPathOf(dirname(point.at));
  if (real === dirname(point.name)) return refusal;
  await unmountAt(context, point, signal);
  const rule = "the directory above it must stay where it is";
  return failure("unavailable", { cannot: `mount on ${point.name}`, rule, got: real, cause: refusal });
}

/** Removes the topmost mount at a path; none is as good. */
export async function unmountPath(context: MounterContext, path: string, signal: AbortSignal): Promise<void> {
  await using point = await holdMountPoint(path);
  if (point === undefined) return;
  const mounts = await countAt(context, point);
  if (mounts > 0) await unmountOne(context, point, mounts, signal);
}

async function countAt({ proc }: MounterContext, { name }: MountPoint): Promise<number> {
  return (await readMounts(proc)).filter((mount) => mount.path === name).length;
}

async function unmountAt(context: MounterContext, point: MountPoint, signal: AbortSignal): Promise<void> {
  await unmountOne(context, point, await countAt(context, point), signal);
}

/** `before` is how many mounts are there. */
async function unmountOne(context: MounterContext, point: MountPoint, before: number, signal: AbortSignal) {
  // Nor must umount look at a path whose device may be dead.
  const args = [asGiven, point.at];
  const result = await context.exec("umount", args, { signal });
  const isGone = before === 0 ? result.exitCode === 0 : (await countAt(context, point)) < before;
  if (!isGone) throw refused("umount", args, result, [point]);
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

/** LC_ALL=C (X1): the words for EBUSY are always these. The places are called by their names. */
function refused(
  file: string,
  args: readonly string[],
  result: ExecResult,
  places: readonly MountPoint[],
): DomainError {
  const said = toolFailure(file, args, result).message;
  const message = places.reduce((words, { at, name }) => words.replaceAll(at, name), said);
  const kind: ErrorKind = /\bbusy\b/.test(result.stderr) ? "in_use" : "unavailable";
  return failure(kind, { cannot: `use ${file}`, rule: message });
}
