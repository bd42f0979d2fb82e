/**
 * The machine itself as the lab: for a laptop or a CI runner whose own kernel has the NVMe/TCP modules.
 * 1. close() kills everything started through it and detaches its loop devices.
 * 2. It cannot reset.
 */
import { access, mkdir, truncate, writeFile } from "node:fs/promises";
import type { Duplex } from "node:stream";
import { join } from "node:path";
import { cacheDirectory } from "./cache.ts";
import type { Channel, ProcessSpec, ProcessStreams, RunningProcess } from "./channel.ts";
import { ChannelMachine } from "./channel-machine.ts";
import type { Hardware } from "./channel-machine.ts";
import { LocalChannel } from "./local-channel.ts";
import type { Machine, MachineOptions } from "./machine.ts";
import { runTool } from "./run-tool.ts";
import { makeScratch, removeScratch } from "./scratch.ts";

const kernelModules = ["nvmet-tcp", "nvme-tcp"];

export async function startDirectMachine(options: MachineOptions = {}): Promise<Machine> {
  const signal = options.signal ?? new AbortController().signal;
  if (options.cable !== undefined) throw new Error("cannot run directly: a test with two machines needs VMs");
  await checkKernel(signal);
  const directory = await makeScratch();
  const disks: string[] = [];
  try {
    await mkdir(join(cacheDirectory(), "bin"), { recursive: true });
    for (const [index, { sizeMiB }] of (options.disks ?? []).entries()) {
      disks.push(await loopDevice(join(directory, `disk${index}.img`), sizeMiB, signal));
    }
    return new ChannelMachine(new DirectMachine(directory, disks));
  } catch (error) {
    await release(directory, disks);
    throw error;
  }
}

async function checkKernel(signal: AbortSignal): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Error(`cannot run directly: root is needed; got user id ${process.getuid?.() ?? "unknown"}`);
  }
  for (const name of kernelModules) {
    if (await loaded(name)) continue;
    await runTool(["modprobe", name], signal).catch((error: unknown) => {
      throw new Error(`cannot run directly: this kernel must have ${kernelModules.join(" and ")}; got no ${name}`, {
        cause: error,
      });
    });
  }
  await access("/sys/kernel/config/nvmet").catch(async () => {
    await runTool(["mount", "-t", "configfs", "configfs", "/sys/kernel/config"], signal);
  });
}

async function loaded(name: string): Promise<boolean> {
  return access(`/sys/module/${name.replaceAll("-", "_")}`).then(
    () => true,
    () => false,
  );
}

async function loopDevice(path: string, sizeMiB: number, signal: AbortSignal): Promise<string> {
  await writeFile(path, "");
  await truncate(path, sizeMiB * 2 ** 20);
  return (await runTool(["losetup", "--find", "--show", path], signal)).toString().trim();
}

async function release(directory: string, disks: readonly string[]): Promise<void> {
  for (const disk of disks) await runTool(["losetup", "--detach", disk], AbortSignal.timeout(10_000));
  await removeScratch(directory);
}

class DirectMachine implements Hardware {
  readonly project = join(import.meta.dirname, "../..");
  readonly bin = join(cacheDirectory(), "bin");
  readonly node = join(this.project, "node_modules/node/bin/node");
  readonly channel = new TrackedChannel();
  readonly directory: string;
  readonly disks: readonly string[];

  constructor(directory: string, disks: readonly string[]) {
    this.directory = directory;
    this.disks = disks;
  }

  async reset(): Promise<void> {
    return Promise.reject(new Error('cannot reset: only a VM has a power switch; got LAB "direct"'));
  }

  console(): string {
    return "";
  }

  async close(): Promise<void> {
    await this.channel.close();
    await release(this.directory, this.disks);
  }
}

/** A local channel that knows what still runs. */
class TrackedChannel implements Channel {
  readonly #local: LocalChannel;
  readonly #running = new Set<RunningProcess>();

  constructor() {
    const { PATH = "", HOME = "/root" } = process.env;
    this.#local = new LocalChannel({ PATH: `${PATH}:/usr/sbin:/sbin`, HOME, LANG: "C.UTF-8", TERM: "dumb" });
  }

  async start(spec: ProcessSpec, streams: ProcessStreams, signal?: AbortSignal): Promise<RunningProcess> {
    const running = await this.#local.start(spec, streams, signal);
    this.#running.add(running);
    const forget = () => void this.#running.delete(running);
    running.exited.then(forget, forget);
    return running;
  }

  connect(socketPath: string): Duplex {
    return this.#local.connect(socketPath);
  }

  async readFile(path: string, signal?: AbortSignal): Promise<Buffer> {
    return this.#local.readFile(path, signal);
  }

  async writeFile(path: string, content: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.#local.writeFile(path, content, signal);
  }

  async close(): Promise<void> {
    const running = [...this.#running];
    for (const one of running) await one.kill("SIGKILL");
    await Promise.allSettled(running.map(async ({ exited }) => exited));
  }
}
