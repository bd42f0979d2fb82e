/**
 * What the node services share: which mounts are a volume's own, also when its device is gone.
 *
 * Z1  A device's name and number are its own until the last holder let go; then the kernel gives them away again. So once
 *     another device bears or bore one of them, nothing is left that holds the former one: neither a mount of its file
 *     system nor an open file. Of those in the journal the disk sequence number says which one came later.
 * Z2  A bind of a device node outlives the device as `/nvme0n1//deleted`, and holds neither name nor number. It never
 *     shows a device that is there, and it stays its volume's whoever bears name and number by now: it is known by the
 *     inode of the node, which is in the journal before the bind.
 * Z3  What is not known of a device (of an entry that an older version wrote, on a kernel that does not count its disks, out
 *     of sight) speaks for the volume: then what has its name or number is taken for its own, and an unstage is refused.
 */
import { sameDevice } from "../domain/device-number.ts";
import { failure } from "../domain/errors.ts";
import { exportIdentityOf, type ClusterId, type Uuid, type VolumeId } from "../domain/identity.ts";
import type { DeviceNumber } from "../domain/model.ts";
import { isFilesystemOn, topMountAt, type Filesystem, type Mount } from "../filesystem/index.ts";
import type { JournaledDevice, JournalEntry, NodeJournal } from "../node-journal/index.ts";
import type { Initiator, NvmeDevice, Target } from "../nvme/index.ts";

/** A device of a volume, present or past, by what the mount table shows of it. */
export interface SeenDevice {
  readonly path: string;
  readonly number: DeviceNumber;
  /** `lost`: nobody bears its number; a file system on it may still be mounted. `replaced`: another device does. */
  readonly state: "live" | "lost" | "replaced";
  /** Inodes of its device node that were bound; absent: not known. */
  readonly nodes?: readonly number[] | undefined;
}

/** Whether a mount shows a device: its file system, or its device node for raw block. */
export function shows(mount: Mount, { path, number, state, nodes }: SeenDevice): boolean {
  if (mount.type !== "devtmpfs") return state !== "replaced" && isFilesystemOn(mount, { path, number });
  const name = path.slice(path.lastIndexOf("/"));
  if (state === "live") return mount.root === name;
  const isKnown = nodes !== undefined && mount.node !== undefined;
  return mount.root === `${name}//deleted` && (!isKnown || nodes.includes(mount.node));
}

export function showsAny(mount: Mount, devices: readonly SeenDevice[]): boolean {
  return devices.some((device) => shows(mount, device));
}

/** A device that was found just now. */
export function live({ path, number }: Omit<SeenDevice, "state">): SeenDevice {
  return { path, number, state: "live" };
}

interface Witnesses {
  readonly initiator: Pick<Initiator, "bearerOf">;
  readonly journal: { readonly all: () => Promise<readonly Pick<JournalEntry, "devices">[]> };
}

/** Devices of the journal, one for one, as what they are now (Z1, Z2). */
export async function journaledDevices(
  { initiator, journal }: Witnesses,
  uuid: Uuid,
  entry: Pick<JournalEntry, "devices"> | undefined,
): Promise<readonly (JournaledDevice & SeenDevice)[]> {
  const devices = entry?.devices ?? [];
  const bearers = await Promise.all(devices.map(async ({ number }) => initiator.bearerOf(number)));
  const isAnyLost = bearers.includes(undefined);
  const others = isAnyLost ? (await journal.all()).flatMap((other) => other.devices) : [];
  return devices.map((device, index) => {
    const bearer = bearers[index];
    if (bearer !== undefined) return { ...device, state: bearer === uuid && !device.isPast ? "live" : "replaced" };
    return { ...device, state: others.some((other) => hasFollowed(other, device)) ? "replaced" : "lost" };
  });
}

/** Z1. */
function hasFollowed(later: JournaledDevice, device: JournaledDevice): boolean {
  if (later.sequence === undefined || device.sequence === undefined) return false;
  const bearsSame = later.path === device.path || sameDevice(later.number, device.number);
  return bearsSame && later.sequence > device.sequence;
}

/** Devices of a journal entry, once one is in use: what had its number before is past. */
export function withDevice(
  devices: readonly JournaledDevice[],
  { path, number, sequence }: NvmeDevice,
  bound: readonly number[] = [],
): readonly JournaledDevice[] {
  const isIt = (known: JournaledDevice) =>
    !known.isPast && sameDevice(known.number, number) && known.path === path && known.sequence === sequence;
  const others = devices
    .filter((known) => !isIt(known))
    .map((other) => (sameDevice(other.number, number) ? { ...other, isPast: true } : other));
  const counted = sequence === undefined ? {} : { sequence };
  const present = devices.find(isIt) ?? { path, number, isPast: false, ...counted, nodes: [] };
  if (present.nodes === undefined) return [...others, present];
  return [...others, { ...present, nodes: [...new Set([...present.nodes, ...bound])] }];
}

export interface MountedDeps {
  readonly cluster: ClusterId;
  readonly initiator: Initiator;
  readonly filesystem: Filesystem;
  readonly journal: NodeJournal;
}

/** A volume that is mounted at a path here, its device gone or not; anything else is a not_found error. */
export async function mountedAt(
  deps: MountedDeps,
  { volume, path, cannot }: { readonly volume: VolumeId; readonly path: string; readonly cannot: string },
  signal: AbortSignal,
): Promise<OwnDevices & { readonly mount: Mount }> {
  const own = await ownDevicesOf(deps, { volume, target: exportIdentityOf(deps.cluster, volume) }, signal);
  const mount = topMountAt(await deps.filesystem.mounts(), path);
  if (mount !== undefined && showsAny(mount, own.devices)) return { ...own, mount };
  const rule = "volume_path must be where the volume is staged or published";
  throw failure("not_found", { cannot, rule, got: path });
}

/** What a volume has and had on this node. */
export interface OwnDevices {
  /** What is connected now. */
  readonly device: NvmeDevice | undefined;
  readonly entry: JournalEntry | undefined;
  readonly devices: readonly SeenDevice[];
}

export async function ownDevicesOf(
  { initiator, journal }: Pick<MountedDeps, "initiator" | "journal">,
  { volume, target }: { readonly volume: VolumeId; readonly target: Target },
  signal: AbortSignal,
): Promise<OwnDevices> {
  const device = await initiator.find(target, signal);
  const entry = await journal.load(volume);
  const journaled = await journaledDevices({ initiator, journal }, target.uuid, entry);
  if (device === undefined) return { device, entry, devices: journaled };
  const others = journaled.filter(({ state, number }) => state !== "live" || !sameDevice(number, device.number));
  return { device, entry, devices: [...others, live(device)] };
}

/** Takes away every mount of a volume at a path. What else is mounted there stays: then the answer is false. */
export async function unmountOwn(
  filesystem: Filesystem,
  { path, devices }: { readonly path: string; readonly devices: readonly SeenDevice[] },
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const mount = topMountAt(await filesystem.mounts(), path);
    if (mount === undefined) return true;
    if (!showsAny(mount, devices)) return false;
    await filesystem.unmount(path, signal);
  }
}

/** Whether a mount, or the file system under it, takes no writes. */
export function isReadOnlyInside(mount: Mount): boolean {
  return mount.options.includes("ro") || mount.superOptions.includes("ro");
}

/** What is wrong with a mounted file system, in words; undefined: nothing that it shows. */
export async function troubleOf(
  filesystem: Filesystem,
  mount: Mount,
  { isStagedReadOnly }: { readonly isStagedReadOnly: boolean },
): Promise<string | undefined> {
  if (await filesystem.isShutDown(mount.path)) return "its file system has shut down after an error";
  const hasTurned = mount.superOptions.includes("ro") && !isStagedReadOnly;
  return hasTurned ? "its file system turned read-only after an error" : undefined;
}
