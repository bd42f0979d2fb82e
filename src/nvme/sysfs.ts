/**
 * What the kernel says about NVMe subsystems, as one immutable snapshot.
 *
 * Y1  A subsystem is chosen by its exact NQN; two at once may bear one NQN while an old one goes away.
 * Y2  Controllers are those that the subsystem itself links to: `subsysnqn` of a controller reads "(efault)" during its
 *     first connect.
 * Y3  A namespace is a multipath head (nvmeXnY), never one path of it (nvmeXcYnZ).
 * Y4  What disappears while it is read is absent, never an error.
 */
import { join } from "node:path";
import type { Bytes } from "../domain/capacity.ts";
import type { DeviceNumber } from "../domain/model.ts";
import { listEntries, readAttribute } from "../host/read-attribute.ts";

export interface Controller {
  /** `nvme0`. */
  readonly name: string;
  /** `live`, `connecting`, `resetting`, `deleting`, `deleting (no IO)`, `dead`, `new`. */
  readonly state: string;
  readonly hostNqn?: string;
  readonly id?: number;
}

export interface Namespace {
  /** `nvme0n1`. */
  readonly name: string;
  readonly uuid?: string;
  readonly number: DeviceNumber;
  readonly size: Bytes;
  /** `diskseq`. */
  readonly sequence?: number;
}

export interface Subsystem {
  /** `nvme-subsys0`. */
  readonly name: string;
  readonly nqn: string;
  readonly controllers: readonly Controller[];
  readonly namespaces: readonly Namespace[];
}

const controllerName = /^nvme\d+$/;
const headName = /^nvme\d+n\d+$/;

/** All subsystems under a sysfs root, or those with exactly the given NQN: the others cost one read each. */
export async function readSubsystems(sys: string, nqn?: string): Promise<readonly Subsystem[]> {
  const found = listEntries(join(sys, "class/nvme-subsystem")).map((name) => readSubsystem(sys, name, nqn));
  return await Promise.resolve(present(found));
}

function readSubsystem(sys: string, name: string, wanted?: string): Subsystem | undefined {
  const directory = join(sys, "class/nvme-subsystem", name);
  const nqn = readAttribute(join(directory, "subsysnqn"));
  if (nqn === undefined || (wanted !== undefined && nqn !== wanted)) return undefined;
  const names = listEntries(directory);
  const heads = names.filter((entry) => headName.test(entry));
  const namespaces = heads.map((entry) => readNamespace(join(directory, entry), entry));
  const paths = names.filter((entry) => controllerName.test(entry));
  const controllers = paths.map((entry) => readController(sys, entry));
  return { name, nqn, controllers: present(controllers), namespaces: present(namespaces) };
}

function present<T>(readings: readonly (T | undefined)[]): readonly T[] {
  return readings.filter((value) => value !== undefined);
}

/** The directory of a controller. */
export function controllerDirectory(sys: string, name: string): string {
  return join(sys, "class/nvme", name);
}

function readController(sys: string, name: string): Controller | undefined {
  const file = (leaf: string) => join(controllerDirectory(sys, name), leaf);
  const [state, hostNqn, cntlid] = ["state", "hostnqn", "cntlid"].map((leaf) => readAttribute(file(leaf)));
  if (state === undefined) return undefined;
  const id = cntlid === undefined ? undefined : Number(cntlid);
  return {
    name,
    state,
    ...(hostNqn !== undefined && { hostNqn }),
    ...(id !== undefined && { id }),
  };
}

function readNamespace(directory: string, name: string): Namespace | undefined {
  const leaves = ["uuid", "dev", "size", "diskseq"];
  const [uuid, dev, sectors, sequence] = leaves.map((leaf) => readAttribute(join(directory, leaf)));
  const number = parseDeviceNumber(dev);
  if (number === undefined || sectors === undefined) return undefined;
  return {
    name,
    ...(uuid !== undefined && { uuid }),
    number,
    // Whatever the logical block size, sysfs counts in sectors of 512 bytes.
    size: BigInt(sectors) * 512n,
    ...(sequence !== undefined && { sequence: Number(sequence) }),
  };
}

function parseDeviceNumber(text: string | undefined): DeviceNumber | undefined {
  const groups = /^(?<major>\d+):(?<minor>\d+)$/.exec(text ?? "")?.groups;
  return groups === undefined ? undefined : { major: Number(groups["major"]), minor: Number(groups["minor"]) };
}
