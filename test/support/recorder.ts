/** Objects that write down which of their methods were called, in which order, and that can fail like a killed process. */

export class Recorder {
  /** `name.method` of every call so far. */
  readonly calls: string[] = [];
  #killAfter = Infinity;

  /** Lets so many more calls happen; the one after them is carried out, and its answer is lost. */
  killAfter(calls: number): void {
    this.#killAfter = this.calls.length + calls;
  }

  /** Ends a killing; the next process starts. */
  revive(): void {
    this.#killAfter = Infinity;
  }

  /** The object itself, recorded under a name. Only methods in `watched` are. */
  watch<T extends object>(name: string, target: T, watched: readonly (keyof T & string)[]): T {
    return new Proxy(target, {
      get: (object, key) => {
        const value: unknown = Reflect.get(object, key, object);
        if (typeof value !== "function") return value;
        const isWatched = watched.some((method) => method === key);
        return async (...args: readonly unknown[]): Promise<unknown> => {
          if (isWatched && this.calls.length >= this.#killAfter) throw new Error("killed");
          const answer: unknown = await Reflect.apply(value, object, args);
          if (!isWatched) return answer;
          this.calls.push(`${name}.${String(key)}`);
          if (this.calls.length > this.#killAfter - 1) throw new Error("killed");
          return answer;
        };
      },
    });
  }

  /** Where a call stands; -1 when it never happened. */
  first(call: string): number {
    return this.calls.indexOf(call);
  }

  count(call: string): number {
    return this.calls.filter((made) => made === call).length;
  }
}
