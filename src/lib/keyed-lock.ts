/**
 * Locks by key, in this process.
 *
 * L1  `tryAcquire` is one synchronous step: no await lies between the test and the set.
 * L2  `run` serves waiters of one key in the order of arrival; other keys do not wait.
 * L3  `runIfFree` does not wait, so that who holds one key may try another without the danger of a deadlock.
 * L4  A waiter whose signal fires leaves the queue; its task never starts.
 */
import { untilAborted } from "./abort.ts";

/** Refuses instead of waiting: for requests that a client will repeat. */
export class InFlight {
  readonly #held = new Map<string, symbol>();

  /** A handle that frees the key when disposed, or undefined while the key is held. */
  tryAcquire(key: string): Disposable | undefined {
    if (this.#held.has(key)) return undefined;
    const holder = Symbol(key);
    this.#held.set(key, holder);
    const free = () => {
      if (this.#held.get(key) === holder) this.#held.delete(key);
    };
    return { [Symbol.dispose]: free };
  }
}

/** Waits for its turn: for short steps on a shared object. */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<void>>();

  /** L1, L3: undefined, without the task, when somebody holds the key or waits for it. */
  async runIfFree<T>(key: string, signal: AbortSignal, task: () => Promise<T>): Promise<T | undefined> {
    return this.#tails.has(key) ? undefined : await this.run(key, signal, task);
  }

  async run<T>(key: string, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const { promise: done, resolve } = Promise.withResolvers<undefined>();
    const tail = before.then(() => done);
    this.#tails.set(key, tail);
    try {
      await untilAborted(before, signal);
      return await task();
    } finally {
      resolve(undefined);
      // The last of the queue takes the key with it, once those before it are through.
      void tail.then(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
      });
    }
  }
}
