/**
 * The driver as a child process: `node src/main.ts MODE flags…` on a state directory of its own.
 *
 * 1. `startDriver` returns when the socket answers Probe, or throws with what the driver said when it ended before.
 * 2. Disposing ends the process (SIGTERM, then SIGKILL) and removes the directory; nothing is left behind.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { poll, withTimeout } from "../../src/host/clock.ts";
import { openCsiClient, type CsiClient } from "./csi-client.ts";

export type LogLine = Readonly<Record<string, unknown>>;

export interface DriverOptions {
  readonly mode?: "all-in-one" | "controller" | "node";
  /** Flags besides those of `defaultFlags`; a repeated one wins. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Used instead of the driver's own socket in the temporary directory. */
  readonly socketPath?: string;
  /** Another main program than the sources: a mutant's bundle. */
  readonly main?: string;
  /** Bounds the wait for the first answer. */
  readonly signal: AbortSignal;
}

/** How a driver process ended. */
export interface Ending {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Driver extends AsyncDisposable {
  readonly client: CsiClient;
  readonly socketPath: string;
  readonly stateDir: string;
  readonly pid: number;
  /** All log lines so far. */
  log(): readonly LogLine[];
  /** Everything printed so far. */
  output(): string;
  /** Waits for a log line. */
  logged(isMeant: (line: LogLine) => boolean, signal: AbortSignal): Promise<LogLine>;
  /** Sends SIGTERM and tells how the process ended. */
  stop(signal?: AbortSignal): Promise<Ending>;
}

const sources = path.join(import.meta.dirname, "../../src/main.ts");
export const testCluster = "test-cluster";
const patienceMs = 20_000;
/** The driver drains in 5 s. */
const endMs = 6000;

/** Runs a driver that is expected to end by itself, to its end. */
export async function runDriver(
  argv: readonly string[],
  options: { readonly environment?: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<Ending> {
  const child = new Child(argv, options.environment);
  try {
    return await child.ended(withTimeout(options.signal, patienceMs));
  } finally {
    child.kill("SIGKILL");
  }
}

export async function startDriver(options: DriverOptions): Promise<Driver> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-driver-")));
  const { socketPath = path.join(directory.path, "csi.sock"), mode = "all-in-one", flags = [] } = options;
  const stateDir = path.join(directory.path, "state");
  const argv = [mode, ...defaultFlags(socketPath, stateDir), ...flags];
  const child = new Child(argv, options.environment, options.main);
  stack.defer(async () => {
    // A driver that does not end is killed; that it ends by itself is what shutdown tests are for.
    await child.stop(AbortSignal.timeout(endMs)).catch(() => undefined);
  });
  const client = stack.use(openCsiClient(socketPath));
  await ready(child, client, socketPath, withTimeout(options.signal, patienceMs));
  const held = stack.move();
  return {
    client,
    socketPath,
    stateDir,
    pid: child.pid,
    log: () => child.log(),
    output: () => child.stdout + child.stderr,
    logged: async (isMeant, signal) => poll(async () => Promise.resolve(child.log().find(isMeant)), signal),
    stop: async (signal = AbortSignal.timeout(patienceMs)) => child.stop(signal),
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}

function defaultFlags(socketPath: string, stateDir: string): readonly string[] {
  const endpoint = `unix://${socketPath}`;
  return ["--backend", "memory", "--cluster-id", testCluster, "--csi-endpoint", endpoint, "--state-dir", stateDir];
}

/** Bounded by the signal; ends early when the process does. */
async function ready(child: Child, client: CsiClient, socketPath: string, signal: AbortSignal): Promise<void> {
  await poll(async () => {
    if (child.hasEnded) throw new Error(`the driver ended before it served: ${child.stderr || child.stdout}`);
    // A gRPC client that asks too early backs off for a second.
    if (!(await accepts(socketPath))) return undefined;
    return await client.identity.Probe({}, { deadlineMs: 2000, signal }).catch(() => undefined);
  }, signal);
}

/** Whether somebody listens on a unix socket. */
export async function accepts(socketPath: string): Promise<boolean> {
  const socket = connect(socketPath);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

class Child {
  stdout = "";
  stderr = "";
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(argv: readonly string[], environment: Readonly<Record<string, string>> = {}, main = sources) {
    const { PATH = "" } = process.env;
    const env = { PATH, ...environment };
    // A test that is killed takes its driver along.
    const command = ["--pdeathsig", "KILL", process.execPath, main, ...argv];
    this.#process = spawn("setpriv", command, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#process.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.#closed = once(this.#process, "close");
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  log(): readonly LogLine[] {
    const lines = this.stdout.split("\n").slice(0, -1);
    return lines.flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as LogLine] : []));
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.hasEnded) this.#process.kill(signal);
  }

  /** Rejects when the signal fires first. */
  async ended(signal: AbortSignal): Promise<Ending> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(new Error(`the driver did not end in time; it said: ${this.stdout}${this.stderr}`));
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([this.#closed, aborted]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
    const { exitCode, signalCode } = this.#process;
    return { exitCode, signal: signalCode, stdout: this.stdout, stderr: this.stderr };
  }

  async stop(signal: AbortSignal): Promise<Ending> {
    this.kill("SIGTERM");
    try {
      return await this.ended(signal);
    } finally {
      this.kill("SIGKILL");
      await this.#closed;
    }
  }
}
