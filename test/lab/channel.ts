/**
 * The narrow way into a machine: start a process, reach a unix socket, read and write a file.
 * LocalChannel does it here; GuestChannel asks the agent in a guest, which holds a LocalChannel of its own.
 */
import type { Duplex } from "node:stream";

export interface ProcessSpec {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface ExitStatus {
  /** undefined when a signal ended the process. */
  readonly exitCode: number | undefined;
  readonly signal?: string;
}

/** A sink may return a promise: the process then waits, like on a full pipe. */
export type Sink = (chunk: Buffer) => void | Promise<void>;

export interface ProcessStreams {
  /** Without it the process reads /dev/null. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly onStdout: Sink;
  readonly onStderr: Sink;
}

export interface RunningProcess {
  readonly pid: number;
  /** Settles when the process has ended and both its outputs are closed. */
  readonly exited: Promise<ExitStatus>;
  /** Signals the whole process group. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface Channel {
  /** Aborting kills the process group and rejects `exited`. */
  start(spec: ProcessSpec, streams: ProcessStreams, signal?: AbortSignal): Promise<RunningProcess>;
  /** Half-open both ways, like a unix socket. */
  connect(socketPath: string): Duplex;
  readFile(path: string, signal?: AbortSignal): Promise<Buffer>;
  writeFile(path: string, content: Uint8Array, signal?: AbortSignal): Promise<void>;
}
