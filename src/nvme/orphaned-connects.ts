/**
 * A `nvme connect` that an earlier life of this driver started may outlive it, and end with a controller that nobody
 * asked for any more: whoever takes controllers away first has to wait for it.
 */
import { join } from "node:path";
import { driverNqnPrefix } from "../domain/identity.ts";
import { poll } from "../host/clock.ts";
import { listNames, readText } from "../host/files.ts";

/** Waits until none is left; the caller starts none of its own meanwhile. `proc` is where proc is mounted. */
export async function orphansEnded(proc: string, signal: AbortSignal): Promise<void> {
  await poll(async () => ((await countConnects(proc)) === 0 ? true : undefined), signal);
}

async function countConnects(proc: string): Promise<number> {
  const processes = (await listNames(proc)).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(processes.map((pid) => readText(join(proc, pid, "cmdline"))));
  return commands.filter((command) => command !== undefined && isConnect(command.split("\0"))).length;
}

function isConnect([program = "", verb, ...args]: readonly string[]): boolean {
  const isNvme = program === "nvme" || program.endsWith("/nvme");
  return isNvme && verb === "connect" && args.some((arg) => arg.startsWith(driverNqnPrefix));
}
