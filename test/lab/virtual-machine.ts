/**
 * Machines of the test lab under QEMU, any number at once.
 * 1. Whatever way a machine ends, everything pending on it rejects at once, with the tail of the console.
 * 2. After close() no process and no file of it is left.
 * 3. reset() is a power loss: QEMU is killed, and only what reached a disk is there again.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { copyFile, mkdir, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cardOn } from "./cable.ts";
import { cacheDirectory } from "./cache.ts";
import { ChannelMachine } from "./channel-machine.ts";
import type { Hardware } from "./channel-machine.ts";
import { GuestChannel } from "./guest-channel.ts";
import { ensureTools, runNeeds } from "./host-tools.ts";
import type { Machine, MachineOptions } from "./machine.ts";
import { Qemu } from "./qemu.ts";
import type { QemuOptions } from "./qemu.ts";
import { rootImage } from "./root-image.ts";
import { runTool } from "./run-tool.ts";
import { makeScratch, removeScratch } from "./scratch.ts";

const projectDirectory = join(import.meta.dirname, "../..");

/** A guest is up after 5 s on an idle machine; one that needs this long is stuck. */
const bootLimitMs = 120_000;

/** How much of the console an error shows. */
const tailBytes = 3000;

export async function startMachine(options: MachineOptions = {}): Promise<Machine> {
  const signal = options.signal ?? new AbortController().signal;
  await ensureTools(runNeeds, signal);
  const image = await rootImage(signal, options.packages);
  const directory = await makeScratch();
  try {
    const qemu = await prepare(directory, options, signal);
    const machine = new VirtualMachine({ ...qemu, image }, directory);
    await machine.boot(signal);
    return new ChannelMachine(machine);
  } catch (error) {
    await removeScratch(directory);
    throw error;
  }
}

/** Puts the guest's agent, its start script and the disks into the machine's directory. */
async function prepare(
  directory: string,
  options: MachineOptions,
  signal: AbortSignal,
): Promise<Omit<QemuOptions, "image">> {
  const lab = join(directory, "lab");
  const bin = join(cacheDirectory(), "bin");
  await makeLabFolder(lab, join(import.meta.dirname, "guest/boot.sh"), signal);
  await mkdir(bin, { recursive: true });
  const { cable } = options;
  if (cable !== undefined) await writeFile(join(lab, "address"), `${cable.address}/24`);
  const disks: string[] = [];
  for (const [index, { sizeMiB }] of (options.disks ?? []).entries()) {
    const path = join(directory, `disk${index}.img`);
    await writeFile(path, "");
    await truncate(path, sizeMiB * 2 ** 20);
    disks.push(path);
  }
  return {
    memoryMiB: options.memoryMiB ?? 1024,
    uuid: randomUUID(),
    disks,
    shares: { lab, project: projectDirectory, "project-bin": bin },
    port: join(directory, "port.sock"),
    ...(cable !== undefined && { devices: cardOn(cable) }),
  };
}

/** What a guest sees at /lab: its start script and the agent. */
export async function makeLabFolder(lab: string, bootScript: string, signal: AbortSignal): Promise<void> {
  await mkdir(lab);
  await copyFile(bootScript, join(lab, "boot.sh"));
  // Bundled here: stripping the types in the guest takes as long as starting node there.
  // By its command line, as its library leaves a service process behind.
  const esbuild = join(projectDirectory, "node_modules/.bin/esbuild");
  const format = ["--bundle", "--platform=node", "--format=esm", "--target=node24", "--log-level=error"];
  const entry = join(import.meta.dirname, "guest-agent.ts");
  await runTool([esbuild, entry, `--outfile=${join(lab, "agent.mjs")}`, ...format], signal);
}

export class VirtualMachine implements Hardware {
  readonly project = "/project";
  readonly bin = "/project-bin";
  readonly node = "/project/node_modules/node/bin/node";
  readonly disks: readonly string[];
  readonly directory: string;
  readonly #options: QemuOptions;
  #console = "";
  #ending = "the machine died";
  #qemu: Qemu | undefined;
  #channel: GuestChannel | undefined;

  constructor(options: QemuOptions, directory: string) {
    this.#options = options;
    this.directory = directory;
    // vda is the root.
    this.disks = options.disks.map((_, index) => `/dev/vd${String.fromCharCode("b".charCodeAt(0) + index)}`);
  }

  get channel(): GuestChannel {
    if (this.#channel === undefined) throw new Error(`cannot reach the machine: ${this.#ending}`);
    return this.#channel;
  }

  async boot(signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(bootLimitMs)]);
    // Not `using`: a server's disposal waits for its connections, and this one's lives as long as the guest.
    const server = createServer().listen(this.#options.port);
    await once(server, "listening");
    const qemu = new Qemu(this.#options, (text) => (this.#console += text));
    this.#qemu = qemu;
    this.#ending = "the machine died";
    try {
      const gone = qemu.ended.then(() => Promise.reject(this.#error(undefined)));
      gone.catch(() => undefined);
      const [port] = (await Promise.race([once(server, "connection", { signal: limit }), gone])) as [Socket];
      this.#channel = await GuestChannel.open(port, async (cause) => this.#explain(qemu, cause), limit);
    } catch (error) {
      await qemu.kill();
      signal.throwIfAborted();
      throw limit.aborted ? this.#error(error, `no answer in ${bootLimitMs / 1000} s`) : error;
    } finally {
      server.close();
    }
  }

  async reset(signal: AbortSignal | undefined): Promise<void> {
    await this.#stop("the machine was reset");
    await this.boot(signal ?? new AbortController().signal);
  }

  /** A power loss that lasts until boot(). */
  async powerOff(): Promise<void> {
    await this.#stop("the machine is switched off");
  }

  console(): string {
    return this.#console;
  }

  async close(): Promise<void> {
    await this.#stop("the machine was closed");
    await removeScratch(this.directory);
  }

  async #stop(ending: string): Promise<void> {
    this.#ending = ending;
    await this.#qemu?.kill();
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** The session is gone: so will QEMU be in a moment (panic, power off), and its last words are what matters. */
  async #explain(qemu: Qemu, cause: unknown): Promise<Error> {
    const ending = this.#ending;
    const patience = new AbortController();
    await Promise.race([qemu.ended, delay(5000, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
    await qemu.kill();
    return this.#error(cause, ending);
  }

  #error(cause: unknown, ending = this.#ending): Error {
    const tail = this.#console.slice(-tailBytes).replaceAll("\r", "");
    return new Error(`${ending}; its console ended with:\n${tail}`, { cause });
  }
}
