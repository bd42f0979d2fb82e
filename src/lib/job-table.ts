/**
 * Work that outlives the request which started it: a mkfs or fsck is not cut short by an RPC deadline, and a repeated
 * request waits for the running job instead of starting a second one.
 */
import { untilAborted } from "./abort.ts";

export class JobTable {
  readonly #jobs = new Map<string, Promise<unknown>>();

  /** Runs `work` under a free key. Aborting `signal` ends the wait, not the work. */
  async run<T>(key: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.#jobs.has(key)) throw new Error(`BUG: a job for ${key} is running`);
    const job = work().finally(() => this.#jobs.delete(key));
    this.#jobs.set(key, job);
    return await untilAborted(job, signal);
  }

  /** Waits until no job runs under a key; how it ended was the affair of who started it. */
  async settled(key: string, signal: AbortSignal): Promise<void> {
    const job = this.#jobs.get(key);
    if (job !== undefined) await untilAborted(Promise.allSettled([job]), signal);
  }

  /** Does something once no job runs under a key: now, or when the present one has ended. */
  afterwards(key: string, action: () => void): void {
    const job = this.#jobs.get(key);
    if (job === undefined) action();
    else void Promise.allSettled([job]).then(action);
  }
}
