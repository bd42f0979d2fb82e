/** Children for direct I/O that answer when a test says so. Questions are told apart by their words. */
import type { Ask, RunningConversation } from "../../src/host/converse.ts";
import type { ExecResult } from "../../src/host/exec.ts";

export class PlayedChildren {
  /** What each child was asked, and when it was told to end. */
  readonly log: string[] = [];
  started = 0;
  readonly #open = new Map<string, () => void>();
  readonly #deaths = new Map<number, () => void>();
  readonly #isSlow: boolean;
  readonly #rise: (() => void)[] = [];

  /** Slow ones are up when `rise` says so. */
  constructor({ isSlow = false } = {}) {
    this.#isSlow = isSlow;
  }

  readonly start = (): RunningConversation => {
    const number = (this.started += 1);
    const { promise: ended, resolve } = Promise.withResolvers<undefined>();
    this.#deaths.set(number, () => resolve(undefined));
    const up = new Promise<void>((rise) => (this.#isSlow ? this.#rise.push(rise) : rise()));
    const ask: Ask = async (question, signal) => {
      const [count = "", words = ""] = question.split(" ", 2);
      this.log.push(`${number} < ${words}`);
      const { promise, resolve: answer, reject } = Promise.withResolvers<ExecResult>();
      const stdout = `${count} {"ok":true}`;
      this.#open.set(words, () => answer({ exitCode: 0, signal: undefined, stdout, stderr: "" }));
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      return await promise;
    };
    return { ask, end: () => void this.log.push(`${number} ends`), up, ended };
  };

  /** A question is answered that some child was asked. */
  answer(words: string): void {
    const open = this.#open.get(words);
    if (open === undefined) throw new Error(`BUG: nobody was asked '${words}'`);
    this.#open.delete(words);
    open();
  }

  /** All that have been started are up. */
  rise(): void {
    for (const rise of this.#rise.splice(0)) rise();
  }

  die(child: number): void {
    this.#deaths.get(child)?.();
  }
}
