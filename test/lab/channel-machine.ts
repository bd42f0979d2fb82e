/**
 * The comfortable calls of a Machine, made from the narrow ones of its channel.
 */
import type { Channel, ExitStatus, ProcessStreams, Sink } from "./channel.ts";
import { Forwarder } from "./forwarder.ts";
import { lineSplitter } from "./line-splitter.ts";
import type { ExecOptions, ExecResult, Machine, RunOptions, Spawned, SpawnOptions } from "./machine.ts";

export interface Places {
  readonly project: string;
  readonly bin: string;
  readonly node: string;
  readonly disks: readonly string[];
}

/** What differs between a VM and the machine itself. */
export interface Hardware extends Places {
  /** The way in right now; another one after a reset. */
  readonly channel: Channel;
  /** A short directory of this machine alone, for sockets. */
  readonly directory: string;
  reset(signal: AbortSignal | undefined): Promise<void>;
  console(): string;
  close(): Promise<void>;
}

export class ChannelMachine implements Machine {
  readonly project: string;
  readonly bin: string;
  readonly node: string;
  readonly disks: readonly string[];
  readonly #hardware: Hardware;
  readonly #forwarder: Forwarder;

  constructor(hardware: Hardware) {
    ({ project: this.project, bin: this.bin, node: this.node, disks: this.disks } = hardware);
    this.#hardware = hardware;
    this.#forwarder = new Forwarder(hardware.directory, (path) => hardware.channel.connect(path));
  }

  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const running = await this.#start(
      argv,
      options,
      [collect(stdout), options.onStdout],
      [collect(stderr), options.onStderr],
    );
    const status = await running.exited;
    const result = { ...status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
    if ((options.check ?? true) && status.exitCode !== 0) throw new ExecError(argv, result);
    return result;
  }

  async sh(script: string, options?: ExecOptions): Promise<ExecResult> {
    return this.exec(["bash", "-euo", "pipefail", "-c", script], options);
  }

  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<Spawned> {
    const stdout = lineSplitter(options.onStdoutLine);
    const stderr = lineSplitter(options.onStderrLine);
    const running = await this.#start(argv, options, [stdout.push, options.onStdout], [stderr.push, options.onStderr]);
    const exited = running.exited.finally(() => {
      stdout.end();
      stderr.end();
    });
    exited.catch(() => undefined);
    return { pid: running.pid, exited, kill: async (signal = "SIGTERM") => running.kill(signal) };
  }

  async readFile(path: string, signal?: AbortSignal): Promise<string> {
    return (await this.#hardware.channel.readFile(path, signal)).toString();
  }

  async writeFile(path: string, content: string | Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#hardware.channel.writeFile(path, Buffer.from(content), signal);
  }

  async forward(socketPath: string, signal?: AbortSignal): Promise<string> {
    return this.#forwarder.forward(socketPath, signal);
  }

  async reset(signal?: AbortSignal): Promise<void> {
    await this.#hardware.reset(signal);
  }

  console(): string {
    return this.#hardware.console();
  }

  async close(): Promise<void> {
    await this.#forwarder.close();
    await this.#hardware.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(argv: readonly string[], options: RunOptions, stdout: Sinks, stderr: Sinks) {
    const { env = {}, cwd = this.project, stdin, signal } = options;
    const streams: ProcessStreams = {
      ...(stdin === undefined ? {} : { stdin: bytesOf(stdin) }),
      onStdout: each(stdout),
      onStderr: each(stderr),
    };
    return this.#hardware.channel.start({ argv, env, cwd }, streams, signal);
  }
}

type Sinks = readonly (Sink | undefined)[];

function each(sinks: Sinks): Sink {
  return async (chunk) => {
    for (const sink of sinks) await sink?.(chunk);
  };
}

function collect(chunks: Buffer[]): Sink {
  return (chunk) => void chunks.push(chunk);
}

async function* bytesOf(stdin: string | Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (typeof stdin === "string" || stdin instanceof Uint8Array) yield Buffer.from(stdin);
  else yield* stdin;
}

export class ExecError extends Error {
  override readonly name = "ExecError";
  readonly result: ExecResult;

  constructor(argv: readonly string[], result: ExecResult) {
    super(`cannot run ${JSON.stringify(argv)}: exit status 0 expected; got ${describe(result)}\n${result.stderr}`);
    this.result = result;
  }
}

function describe({ exitCode, signal }: ExitStatus): string {
  return exitCode === undefined ? (signal ?? "no status") : `status ${exitCode}`;
}
