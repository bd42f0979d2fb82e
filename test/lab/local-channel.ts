/**
 * Runs processes on the machine this code runs on: in the guest under the agent, or on the host in direct mode.
 * 1. Every process leads its own process group, so that a cancel also ends what it started.
 * 2. A process that ended by itself leaves its background children alone (a daemon may be the point of the call).
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { Readable } from "node:stream";
import type { Duplex, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Channel, ExitStatus, ProcessSpec, ProcessStreams, RunningProcess, Sink } from "./channel.ts";

export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

export class LocalChannel implements Channel {
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  async start(spec: ProcessSpec, streams: ProcessStreams, signal?: AbortSignal): Promise<RunningProcess> {
    signal?.throwIfAborted();
    const [file, ...args] = spec.argv;
    if (file === undefined) throw new Error("cannot start a process: argv names a program; got an empty list");
    const child = spawn(file, args, {
      cwd: spec.cwd,
      env: { ...this.#env, ...spec.env },
      detached: true,
      stdio: [streams.stdin ? "pipe" : "ignore", "pipe", "pipe"],
    });
    await once(child, "spawn");
    const pid = child.pid;
    if (pid === undefined || child.stdout === null || child.stderr === null) throw new Error("spawned without pipes");
    if (streams.stdin && child.stdin) void feed(streams.stdin, child.stdin);
    const outputs = [drain(child.stdout, streams.onStdout), drain(child.stderr, streams.onStderr)];
    const exited = ending(child, pid, outputs, signal);
    exited.catch(() => undefined);
    // A promise by contract only: in a guest it is a request.
    const kill = async (name: NodeJS.Signals): Promise<void> => {
      killGroup(pid, name);
      return Promise.resolve();
    };
    return { pid, exited, kill };
  }

  connect(socketPath: string): Duplex {
    return connect({ path: socketPath, allowHalfOpen: true });
  }

  async readFile(path: string, signal?: AbortSignal): Promise<Buffer> {
    return readFile(path, { signal });
  }

  async writeFile(path: string, content: Uint8Array, signal?: AbortSignal): Promise<void> {
    await writeFile(path, content, { signal });
  }
}

async function ending(
  child: ChildProcess,
  pid: number,
  outputs: readonly Promise<void>[],
  signal: AbortSignal | undefined,
): Promise<ExitStatus> {
  const onAbort = () => killGroup(pid, "SIGKILL");
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  try {
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
  await Promise.all(outputs);
  signal?.throwIfAborted();
  return {
    exitCode: child.exitCode ?? undefined,
    ...(child.signalCode === null ? {} : { signal: child.signalCode }),
  };
}

async function drain(stream: Readable, sink: Sink): Promise<void> {
  for await (const chunk of stream as AsyncIterable<Buffer>) await sink(chunk);
}

async function feed(source: AsyncIterable<Uint8Array>, stdin: Writable): Promise<void> {
  try {
    await pipeline(Readable.from(source, { objectMode: false }), stdin);
  } catch {
    // EPIPE: the process did not want all of it; its exit status tells the rest.
  }
}
