/**
 * A write load that knows what it was promised: it writes numbered lines to a file, and says a number only once fsync
 * has returned for it. A write that fails ends it.
 */
import { poll } from "../../src/host/clock.ts";
import type { ExitStatus } from "../lab/channel.ts";
import type { Machine, Spawned } from "../lab/machine.ts";

export class Ledger {
  readonly #machine: Machine;
  readonly #path: string;
  #writer: Spawned | undefined;
  #promised = 0;

  private constructor(machine: Machine, path: string) {
    this.#machine = machine;
    this.#path = path;
  }

  /** Writes to `path` in the machine from now on. */
  static async open(machine: Machine, path: string): Promise<Ledger> {
    const ledger = new Ledger(machine, path);
    const loop = `for ((n = 1; ; n++)); do echo $n >> "$1"; sync "$1"; echo $n; done`;
    ledger.#writer = await machine.spawn(["bash", "-euc", loop, "-", path], {
      onStdoutLine: (line) => (ledger.#promised = Number(line)),
    });
    return ledger;
  }

  /** The last number that is safe. */
  get promised(): number {
    return this.#promised;
  }

  /** Waits until more is written than was under way at the call. */
  async goesOn(signal: AbortSignal): Promise<void> {
    const from = this.#promised;
    await poll(async () => Promise.resolve(this.#promised > from + 3 ? true : undefined), signal);
  }

  /** Ends the load by SIGTERM; another ending means that a write had failed before. */
  async close(): Promise<ExitStatus> {
    if (this.#writer === undefined) throw new Error("BUG: the ledger was never opened");
    await this.#writer.kill("SIGTERM");
    return await this.#writer.exited;
  }

  /** The numbers in the file, as far as they are promised. What can be read anew is not taken from the page cache. */
  async kept(): Promise<readonly number[]> {
    const read = `echo 1 > /proc/sys/vm/drop_caches; cat ${this.#path}`;
    const lines = (await this.#machine.sh(read)).stdout.trim().split("\n");
    return lines.slice(0, this.#promised).map(Number);
  }
}
