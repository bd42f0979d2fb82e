/**
 * A machine with a kernel that has nvmet-tcp and nvme-tcp, seen from a test: run programs, reach sockets, pull the plug.
 */
import type { CableEnd } from "./cable.ts";
import type { ExitStatus, Sink } from "./channel.ts";

export interface RunOptions {
  /** Added to a small fixed environment (PATH, HOME, LANG). */
  readonly env?: Readonly<Record<string, string>>;
  /** The project's directory unless given. */
  readonly cwd?: string;
  /** Without it the program reads /dev/null. */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Aborting kills the process group. */
  readonly signal?: AbortSignal;
  readonly onStdout?: Sink;
  readonly onStderr?: Sink;
}

export interface ExecOptions extends RunOptions {
  /** True unless given: an exit status other than 0 throws. */
  readonly check?: boolean;
}

export interface ExecResult extends ExitStatus {
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnOptions extends RunOptions {
  readonly onStdoutLine?: (line: string) => void;
  readonly onStderrLine?: (line: string) => void;
}

export interface Spawned {
  readonly pid: number;
  /** Rejects when the machine dies first, or when the signal of the options aborts. */
  readonly exited: Promise<ExitStatus>;
  /** Signals the whole process group; SIGTERM unless given. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export interface Machine extends AsyncDisposable {
  /** The project's directory in the machine, read-only in a VM. */
  readonly project: string;
  /** The folder of downloaded test programs in the machine, read-only in a VM. */
  readonly bin: string;
  /** The project's own Node.js in the machine. */
  readonly node: string;
  /** Block devices for tests to destroy, in the order asked for. */
  readonly disks: readonly string[];
  /** Runs a program to its end, which comes when it has exited and its outputs are closed. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** exec of `bash -euo pipefail -c script`. */
  sh(script: string, options?: ExecOptions): Promise<ExecResult>;
  /** Starts a long-lived program. */
  spawn(argv: readonly string[], options?: SpawnOptions): Promise<Spawned>;
  readFile(path: string, signal?: AbortSignal): Promise<string>;
  /** One write(2) for small contents, so fit for configfs and sysfs attributes. */
  writeFile(path: string, content: string | Uint8Array, signal?: AbortSignal): Promise<void>;
  /** A unix socket path here, each connection of which goes to a unix socket in the machine. Outlives reset(). */
  forward(socketPath: string, signal?: AbortSignal): Promise<string>;
  /** Cuts the power and boots again; only the disks survive. */
  reset(signal?: AbortSignal): Promise<void>;
  /** What the kernel and process 1 printed so far, over all boots. */
  console(): string;
  close(): Promise<void>;
}

export interface MachineOptions {
  readonly memoryMiB?: number;
  readonly disks?: readonly { readonly sizeMiB: number }[];
  /** Debian packages besides those of every machine (recipe.ts); a machine that is used directly has them or not. */
  readonly packages?: readonly string[];
  /** A network between two VMs; the machine itself has none to offer. */
  readonly cable?: CableEnd;
  /** Bounds the start only. */
  readonly signal?: AbortSignal;
}
