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
import type { DeviceNumber, Portal } from "../domain/model.ts";
import { listNames, readText } from "../host/files.ts";

export interface Controller {
  /** `nvme0`. */
  readonly name: string;
  /** `live`, `connecting`, `resetting`, `deleting`, `deleting (no IO)`, `dead`, `new`. */
  readonly state: string;
  readonly portal?: Portal;
  readonly hostNqn?: string;
  readonly id?: number;
}

export interface Namespace {
  /** `nvme0n1`. */
  readonly name: string;
  readonly uuid?: string;
  readonly number: DeviceNumber;
  readonly size: Bytes;
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
  const root = join(sys, "class/nvme-subsystem");
  const found = await Promise.all((await listNames(root)).map((name) => readSubsystem(sys, name, nqn)));
  return found.filter((subsystem) => subsystem !== undefined);
}

async function readSubsystem(sys: string, name: string, wanted?: string): Promise<Subsystem | undefined> {
  const directory = join(sys, "class/nvme-subsystem", name);
  const nqn = await readText(join(directory, "subsysnqn"));
  if (nqn === undefined || (wanted !== undefined && nqn !== wanted)) return undefined;
  const names = await listNames(directory);
  const [controllers, namespaces] = await Promise.all([
    present(names.filter((entry) => controllerName.test(entry)).map((entry) => readController(sys, entry))),
    present(names.filter((entry) => headName.test(entry)).map((entry) => readNamespace(join(directory, entry), entry))),
  ]);
  return { name, nqn, controllers, namespaces };
}

async function present<T>(readings: readonly Promise<T | undefined>[]): Promise<readonly T[]> {
  return (await Promise.all(readings)).filter((value) => value !== undefined);
}

/** The directory of a controller. */
export function controllerDirectory(sys: string, name: string): string {
  return join(sys, "class/nvme", name);
}

async function readController(sys: string, name: string): Promise<Controller | undefined> {
  const attribute = (leaf: string) => readText(join(controllerDirectory(sys, name), leaf));
  const values = ["state", "address", "hostnqn", "cntlid"].map(attribute);
  const [state, address = "", hostNqn, cntlid] = await Promise.all(values);
  if (state === undefined) return undefined;
  const portal = parseAddress(address);
  const id = cntlid === undefined ? undefined : Number(cntlid);
  return {
    name,
    state,
    ...(portal !== undefined && { portal }),
    ...(hostNqn !== undefined && { hostNqn }),
    ...(id !== undefined && { id }),
  };
}

/** `traddr=192.0.2.1,trsvcid=4420,src_addr=…`; undefined for anything else, such as a PCI address. */
export function parseAddress(text: string): Portal | undefined {
  const fields = new Map<string, string>();
  for (const field of text.split(",")) {
    const equals = field.indexOf("=");
    fields.set(field.slice(0, equals), field.slice(equals + 1));
  }
  const address = fields.get("traddr");
  const port = fields.get("trsvcid");
  return address === undefined || port === undefined ? undefined : { address, port: Number(port) };
}

async function readNamespace(directory: string, name: string): Promise<Namespace | undefined> {
  const attribute = (leaf: string) => readText(join(directory, leaf));
  const values = ["uuid", "dev", "size"].map(attribute);
  const [uuid, dev, sectors] = await Promise.all(values);
  const number = parseDeviceNumber(dev);
  if (number === undefined || sectors === undefined) return undefined;
  return {
    name,
    ...(uuid !== undefined && { uuid }),
    number,
    // Whatever the logical block size, sysfs counts in sectors of 512 bytes.
    size: BigInt(sectors) * 512n,
  };
}

function parseDeviceNumber(text: string | undefined): DeviceNumber | undefined {
  const groups = /^(?<major>\d+):(?<minor>\d+)$/.exec(text ?? "")?.groups;
  return groups === undefined ? undefined : { major: Number(groups["major"]), minor: Number(groups["minor"]) };
}
