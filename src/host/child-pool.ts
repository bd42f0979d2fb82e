/**
 * Children for direct I/O (direct-io-child.ts) that serve one user after the other, because most of a child's time goes by
 * while it starts.
 *
 * B1  A child has one user at a time. Where none is idle another one is started: a device that hangs keeps nobody else
 *     waiting (V32).
 * B2  A child gets another user only when it has answered all that it was asked, each question with its number, and has let
 *     go of what it held. One that was cut short, took too long, ended or said anything else never does: it is ended.
 * B3  One child at most is idle, because it takes about 40 MiB: those that calls for several volumes at once need besides
 *     it end with their users. The idle one ends when nobody has needed it for some minutes.
 */
import { untilAborted } from "../lib/abort.ts";
import type { Ask, Conversation, RunningConversation } from "./converse.ts";
import { letGo } from "./direct-io.ts";
import type { ExecResult } from "./exec.ts";

export interface ChildPoolOptions {
  readonly start: () => RunningConversation;
  /** How long a child stays idle; 5 minutes. */
  readonly idleMs?: number;
  /** How long a child may take to let go: the last one to close a device writes what is left to it; 10 s. */
  readonly letGoMs?: number;
}

/** Children as their users see them. */
export interface Children {
  /** One question, which leaves nothing open. */
  readonly ask: Ask;
  /** A child of the caller's own until it is told to end. */
  readonly talk: () => Conversation;
  /** Something will be asked soon: a child may start meanwhile. */
  readonly prepare: () => void;
}

export class ChildPool implements Children, AsyncDisposable {
  readonly #start: () => RunningConversation;
  readonly #idleMs: number;
  readonly #letGoMs: number;
  /** The end of a process has 5 s in all. */
  readonly #endMs = 500;
  #idle: { readonly child: Child; readonly timer: NodeJS.Timeout } | undefined;
  #isClosed = false;

  constructor({ start, idleMs = 5 * 60_000, letGoMs = 10_000 }: ChildPoolOptions) {
    this.#start = start;
    this.#idleMs = idleMs;
    this.#letGoMs = letGoMs;
  }

  readonly ask: Ask = async (question, signal) => {
    signal.throwIfAborted();
    const child = this.#take();
    try {
      return await child.ask(question, signal);
    } finally {
      this.#giveBack(child);
    }
  };

  readonly talk = (): Conversation => {
    const child = this.#take();
    let isOver = false;
    const ask: Ask = async (question, signal) => {
      if (isOver) throw new Error("BUG: the child may have another user by now");
      return await child.ask(question, signal);
    };
    const end = () => {
      if (!isOver) void this.#retrieve(child);
      isOver = true;
    };
    return { ask, end };
  };

  readonly prepare = (): void => {
    if (this.#idle === undefined) this.#giveBack(this.#fresh());
  };

  #take(): Child {
    const { child, timer } = this.#idle ?? {};
    clearTimeout(timer);
    this.#idle = undefined;
    return child ?? this.#fresh();
  }

  #fresh(): Child {
    const child = new Child(this.#start());
    void child.ended.then(() => this.#endIdle(child));
    return child;
  }

  async #retrieve(child: Child): Promise<void> {
    if (child.isSound) await child.letGo(AbortSignal.timeout(this.#letGoMs));
    this.#giveBack(child);
  }

  /** B2, B3. */
  #giveBack(child: Child): void {
    if (!child.isSound || this.#idle !== undefined || this.#isClosed) {
      child.end();
      return;
    }
    const timer = setTimeout(() => this.#endIdle(child), this.#idleMs);
    timer.unref();
    this.#idle = { child, timer };
  }

  #endIdle(child: Child): void {
    if (this.#idle?.child === child) this.#take().end();
  }

  /** Ends what is idle now, and from now on every child with its user. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    if (this.#idle === undefined) return;
    const child = this.#take();
    child.end();
    // It is no part of what has to be over: whatever keeps it, this process ends.
    await untilAborted(child.ended, AbortSignal.timeout(this.#endMs)).catch(() => undefined);
  }
}

/** One child, and whether it may be given to somebody else. */
class Child {
  readonly ended: Promise<void>;
  readonly #conversation: RunningConversation;
  #asked = 0;
  #isSpoilt = false;
  #isOpen = false;

  constructor(conversation: RunningConversation) {
    this.#conversation = conversation;
    this.ended = conversation.ended.then(() => {
      this.#isSpoilt = true;
    });
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
