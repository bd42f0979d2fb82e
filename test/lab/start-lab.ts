/**
 * The one entry for tests. A VM by default; LAB=direct runs on the machine itself where its kernel can do it.
 * A lab that cannot start is an error, never a skip.
 */
import { startDirectMachine } from "./direct-machine.ts";
import type { Machine, MachineOptions } from "./machine.ts";
import { startMachine } from "./virtual-machine.ts";

export async function startLab(options: MachineOptions = {}): Promise<Machine> {
  const kind = process.env["LAB"] ?? "vm";
  if (kind === "vm") return startMachine(options);
  if (kind === "direct") return startDirectMachine(options);
  throw new Error(`cannot start the lab: LAB is "vm" or "direct"; got "${kind}"`);
}
