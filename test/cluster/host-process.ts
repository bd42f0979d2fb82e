/**
 * A program of the test cluster that runs on this machine until it is told to end; its output goes to a log file.
 * 1. It dies with this process (parent-death signal), and the terminal's Ctrl-C does not reach it.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** How much of its log an error shows. */
const tailBytes = 3000;

export class HostProcess implements AsyncDisposable {
  readonly name: string;
  readonly log: string;
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;

  constructor(name: string, argv: readonly string[], logDirectory: string) {
    this.name = name;
    this.log = join(logDirectory, `${name}.log`);
    mkdirSync(logDirectory, { recursive: true });
    const output = openSync(this.log, "a");
    try {
      this.#child = spawn("setpriv", ["--pdeathsig", "KILL", ...argv], {
        stdio: ["ignore", output, output],
        detached: true,
      });
    } finally {
      closeSync(output);
    }
    this.#gone = once(this.#child, "exit").catch((error: unknown) => error);
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw this.#error("could not be started");
    return this.#child.pid;
  }

  /** Throws, with the end of the log, when the process has ended by itself. */
  check(): void {
    const { exitCode, signalCode, pid } = this.#child;
    if (pid === undefined) throw this.#error("could not be started");
    if (exitCode !== null || signalCode !== null) throw this.#error(`ended with ${signalCode ?? `status ${exitCode}`}`);
  }

  #error(what: string): Error {
    return new Error(`cannot run ${this.name}: it must not end; it ${what}\n${this.tail()}`);
  }

  tail(): string {
    return readFileSync(this.log, "utf8").slice(-tailBytes);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal);
    await this.#gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }
}
