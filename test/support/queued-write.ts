/** A write that waits in the queue of a device without a path: what a fenced node may still have to say. */
import { poll } from "../../src/host/clock.ts";
import type { Machine, Spawned } from "../lab/machine.ts";

/** In proc_pid_syscall(5): write(2) on x86-64, to standard output. A process that runs shows no number. */
const isWriteToOutput = /^1 0x1 /;

/** Writes `text` to a block of 4 KiB by its number; returns once the write is on its way and cannot go on. */
export async function queueWrite(
  machine: Machine,
  { device, block, text }: { readonly device: string; readonly block: number; readonly text: string },
  signal: AbortSignal,
): Promise<Spawned> {
  const place = [`of=${device}`, `seek=${block}`, "bs=4096", "count=1", "iflag=fullblock", "oflag=direct"];
  const writer = await machine.spawn(["dd", ...place, "conv=notrunc,nocreat"], { stdin: text.padEnd(4096) });
  await poll(async () => {
    const call = await machine.readFile(`/proc/${writer.pid}/syscall`);
    return isWriteToOutput.test(call) ? true : undefined;
  }, signal);
  return writer;
}

/** What stands at the beginning of a block of a volume's backing file. */
export async function textAt(
  machine: Machine,
  { path, block, length }: { readonly path: string; readonly block: number; readonly length: number },
): Promise<string> {
  const read = `dd if=${path} bs=4096 count=1 skip=${block} status=none | head --bytes=${length} | tr -d '\\0'`;
  return (await machine.sh(read)).stdout;
}
