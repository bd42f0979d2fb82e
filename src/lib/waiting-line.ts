/**
 * Those who wait for one of a few things that others have, until it is given back.
 *
 * G1  Who comes first is served first.
 * G2  A waiter leaves the line at the moment its signal fires: nothing is given to it, or made for it, any more.
 * G3  While somebody waits and nothing comes back for `patienceMs`, another thing is made for the first of the line; and so
 *     on, until something comes back. What is made for another reason does not count as something that came back.
 * G4  While one is not ready yet that was made, patience lasts ten times as long: on a busy machine another one would only
 *     make that one later.
 */

export interface WaitingLineOptions<T> {
  readonly make: () => T;
  readonly patienceMs: number;
  /** Whether one is not ready yet that was made. */
  readonly isMaking: () => boolean;
}

const timesLonger = 10;

export class WaitingLine<T> {
  readonly #make: () => T;
  readonly #patienceMs: number;
  readonly #isMaking: () => boolean;
  readonly #waiters = new Set<(thing: T) => void>();
  #patience: NodeJS.Timeout | undefined;

  constructor({ make, patienceMs, isMaking }: WaitingLineOptions<T>) {
    this.#make = make;
    this.#patienceMs = patienceMs;
    this.#isMaking = isMaking;
  }

  async wait(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const leave = () => {
      this.#remove(resolve);
      reject(signal.reason as Error);
    };
    this.#waiters.add(resolve);
    if (this.#waiters.size === 1) this.#bePatient();
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** Gives what came back to the first of the line; whether there was one. */
  passOn(thing: T): boolean {
    const isWanted = this.#serve(() => thing);
    if (this.#waiters.size > 0) this.#bePatient();
    return isWanted;
  }

  /** There is room for another thing: it is made, if somebody waits for it. */
  makeOne(): void {
    this.#serve(this.#make);
  }

  #serve(get: () => T): boolean {
    const [first] = this.#waiters;
    if (first === undefined) return false;
    this.#remove(first);
    first(get());
    return true;
  }

  #remove(waiter: (thing: T) => void): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size === 0) clearTimeout(this.#patience);
  }

  /** G3, G4. */
  #bePatient(times = 1): void {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      if (this.#isMaking() && times < timesLonger) {
        this.#bePatient(times + 1);
        return;
      }
      this.makeOne();
      if (this.#waiters.size > 0) this.#bePatient();
    }, this.#patienceMs);
  }
}
