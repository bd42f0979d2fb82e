/**
 * What the node services share: which mounts are a volume's own, also when its device is gone.
 *
 * Z1  A device number counts as the volume's own only while no other device bears it: the kernel gives it away again
 *     after the last holder let go.
 * Z2  A bind of a device node outlives the device as `/nvme0n1//deleted`, and holds neither name nor number. It never
 *     shows a device that is there, and it stays its volume's whoever bears name and number by now.
 */
import { sameDevice } from "../domain/device-number.ts";
import { failure } from "../domain/errors.ts";
import { exportIdentityOf, type ClusterId, type Uuid, type VolumeId } from "../domain/identity.ts";
import type { DeviceNumber } from "../domain/model.ts";
import { isFilesystemOn, topMountAt, type Filesystem, type Mount } from "../filesystem/index.ts";
import type { JournalEntry, NodeJournal } from "../node-journal/index.ts";
import type { Initiator, NvmeDevice, Target } from "../nvme/index.ts";

/** A device of a volume, present or past, by what the mount table shows of it. */
export interface SeenDevice {
  readonly path: string;
  readonly number: DeviceNumber;
  /** `lost`: nobody bears its number; a file system on it may still be mounted. `replaced`: another device does. */
  readonly state: "live" | "lost" | "replaced";
}

/** Whether a mount shows a device: its file system, or its device node for raw block. */
export function shows(mount: Mount, { path, number, state }: SeenDevice): boolean {
  if (mount.type !== "devtmpfs") return state !== "replaced" && isFilesystemOn(mount, { path, number });
  const name = path.slice(path.lastIndexOf("/"));
  return mount.root === (state === "live" ? name : `${name}//deleted`);
}

export function showsAny(mount: Mount, devices: readonly SeenDevice[]): boolean {
  return devices.some((device) => shows(mount, device));
}

/** A device that was found just now. */
export function live({ path, number }: Omit<SeenDevice, "state">): SeenDevice {
  return { path, number, state: "live" };
}

/** Devices of the journal, one for one, as what they are now (Z1, Z2). */
export async function journaledDevices(
  initiator: Pick<Initiator, "bearerOf">,
  uuid: Uuid,
  entry: Pick<JournalEntry, "devices"> | undefined,
): Promise<readonly SeenDevice[]> {
  return await Promise.all(
    (entry?.devices ?? []).map(async ({ path, number, isPast }): Promise<SeenDevice> => {
      const bearer = await initiator.bearerOf(number);
      if (bearer === undefined) return { path, number, state: "lost" };
      return { path, number, state: bearer === uuid && !isPast ? "live" : "replaced" };
    }),
  );
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
  { initiator, journal }: { readonly initiator: Initiator; readonly journal: NodeJournal },
  { volume, target }: { readonly volume: VolumeId; readonly target: Target },
  signal: AbortSignal,
): Promise<OwnDevices> {
  const device = await initiator.find(target, signal);
  const entry = await journal.load(volume);
  const journaled = await journaledDevices(initiator, target.uuid, entry);
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
