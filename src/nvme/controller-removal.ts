/**
 * Deleting controllers and waiting until they, and the device they carried, are gone.
 *
 * D1  Each controller is deleted by its own sysfs file, and only if that very controller still belongs to the subsystem
 *     (N3 of nvme/index.ts): names are used again at once.
 * D2  Writing `delete_controller` blocks until the kernel has let go, up to a minute on a dead path: a child does it.
 */
import { join } from "node:path";
import { failure } from "../domain/errors.ts";
import type { Nqn } from "../domain/identity.ts";
import { poll } from "../host/clock.ts";
import type { Ask } from "../host/converse.ts";
import { writeGuarded } from "../host/direct-io.ts";
import { controllerDirectory, readSubsystems, type Controller, type Subsystem } from "./sysfs.ts";

export interface RemovalContext {
  /** Of a child (D2). */
  readonly ask: Ask;
  readonly sys: string;
}

/** What has to disappear, chosen from each new snapshot: controllers to delete, and names of devices to wait away. */
export interface Condemned {
  readonly controllers: readonly Controller[];
  readonly devices: readonly string[];
}

export async function removeControllers(
  { ask, sys }: RemovalContext,
  nqn: Nqn,
  condemn: (subsystems: readonly Subsystem[]) => Condemned,
  signal: AbortSignal,
): Promise<void> {
  const asked = new Set<string>();
  let left: Condemned = { controllers: [], devices: [] };
  const step = async (): Promise<true | undefined> => {
    left = condemn(await readSubsystems(sys, nqn));
    if (left.controllers.length === 0 && left.devices.length === 0) return true;
    const fresh = left.controllers.filter((controller) => !asked.has(identityOf(controller)));
    if (fresh.length === 0) return undefined;
    for (const controller of fresh) asked.add(identityOf(controller));
    await writeGuarded(ask, fresh.map(deletion(sys, nqn)), { signal });
    // The kernel has let go of them by now, as a rule.
    return await step();
  };
  try {
    await poll(step, signal);
  } catch (cause) {
    if (!signal.aborted) throw cause;
    const got = [...left.controllers.map(({ name, state }) => `${name} ${state}`), ...left.devices];
    throw failure("timeout", { cannot: `disconnect ${nqn}`, rule: "its controllers and device must go", got, cause });
  }
}

/** A name is used again by the next controller; its id in the subsystem is not, soon. */
function identityOf({ name, id }: Controller): string {
  return `${name} ${id ?? ""}`;
}

function deletion(sys: string, nqn: Nqn) {
  return ({ name, hostNqn }: Controller) => {
    const file = (leaf: string) => join(controllerDirectory(sys, name), leaf);
    const host = hostNqn === undefined ? [] : [{ path: file("hostnqn"), text: hostNqn }];
    return { path: file("delete_controller"), text: "1", expect: [{ path: file("subsysnqn"), text: nqn }, ...host] };
  };
}
