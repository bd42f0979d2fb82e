/** One child of the pool (child-pool.ts), and whether it may be given to somebody else: B2. */
import type { Ask, RunningConversation } from "./converse.ts";
import { letGo } from "./direct-io.ts";
import type { ExecResult } from "./exec.ts";

export class PooledChild {
  readonly ended: Promise<void>;
  readonly #conversation: RunningConversation;
  #isUp = false;
  #asked = 0;
  #isSpoilt = false;
  #isOpen = false;

  constructor(conversation: RunningConversation) {
    this.#conversation = conversation;
    this.ended = conversation.ended.then(() => {
      this.#isSpoilt = true;
    });
    void conversation.up.then(() => {
      this.#isUp = true;
    });
  }

  /** Whether it has started, or will never. */
  get isUp(): boolean {
    return this.#isUp;
  }

  get isSound(): boolean {
    return !this.#isSpoilt && !this.#isOpen;
  }

  end(): void {
    this.#conversation.end();
  }

  async letGo(signal: AbortSignal): Promise<void> {
    try {
      this.#isSpoilt ||= !(await letGo(this.ask, { signal }));
    } catch {
      // It is spoilt by now.
    }
  }

  readonly ask: Ask = async (question, signal) => {
    if (this.#isOpen) throw new Error("BUG: a child is asked one question at a time");
    this.#isOpen = true;
    try {
      return await this.#exchange(question, signal);
    } finally {
      this.#isOpen = false;
    }
  };

  async #exchange(question: string, signal: AbortSignal): Promise<ExecResult> {
    const wasSpoilt = this.#isSpoilt;
    // Until there is an answer.
    this.#isSpoilt = true;
    const number = String((this.#asked += 1));
    const result = await this.#conversation.ask(`${number} ${question}`, signal);
    const [said = ""] = /^\d+ /.exec(result.stdout) ?? [];
    if (said !== `${number} `) return { ...result, stdout: "", stderr: result.stderr || result.stdout };
    this.#isSpoilt = wasSpoilt || signal.aborted;
    return { ...result, stdout: result.stdout.slice(said.length) };
  }
}
