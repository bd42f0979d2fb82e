/**
 * A connect that an earlier life of this driver asked for may outlive it, and end with a controller that nobody wants any
 * more: whoever takes controllers away first has to wait for it.
 */
import { basename, join } from "node:path";
import { poll } from "../host/clock.ts";
import { listNames, readText } from "../host/files.ts";
import { fabrics } from "./connect-attempts.ts";

/** Waits until none is left; the caller starts none of its own meanwhile. `proc` is where proc is mounted. */
export async function orphansEnded(proc: string, signal: AbortSignal): Promise<void> {
  await poll(async () => ((await countConnects(proc)) === 0 ? true : undefined), signal);
}

async function countConnects(proc: string): Promise<number> {
  const processes = (await listNames(proc)).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(processes.map((pid) => readText(join(proc, pid, "cmdline"))));
  return commands.filter((command) => command !== undefined && isConnect(command.split("\0"))).length;
}

/** Whose it is stands in its input, which nobody else can read: every one of them is waited for. */
function isConnect([program = "", ...args]: readonly string[]): boolean {
  return basename(program) === "dd" && args.includes(`of=${fabrics}`);
}
