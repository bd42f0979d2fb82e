/**
 * Children for direct I/O (direct-io-child.ts) that serve one user after the other, because most of a child's time goes by
 * while it starts.
 *
 * B1  A child has one user at a time, and a few serve all: whoever finds none free waits in order of arrival. A device
 *     that hangs keeps nobody else waiting for long (V32): while no child comes back for two seconds, and none is starting,
 *     another one is started beyond the few. A child that has ended, or is to be ended (B2), is none of the few and never
 *     comes back.
 * B2  A child gets another user only when it has answered all that it was asked, each question with its number, and has let
 *     go of what it held (pooled-child.ts). One that was cut short, took too long, ended or said anything else never does:
 *     it is ended.
 * B3  A child takes about 40 MiB. Those beyond the few end when nobody waits for them; the few, when they have been idle
 *     for some seconds; the last of them, after some minutes.
 */
import { availableParallelism } from "node:os";
import { untilAborted } from "../lib/abort.ts";
import { WaitingLine } from "../lib/waiting-line.ts";
import type { Ask, Conversation, RunningConversation } from "./converse.ts";
import { PooledChild } from "./pooled-child.ts";

export interface ChildPoolOptions {
  readonly start: () => RunningConversation;
  /** How many serve at a time, unless one hangs; as many as there are processors, but 2 at least and 4 at most. */
  readonly most?: number;
  /** B1; 2 s. */
  readonly patienceMs?: number;
  /** How long the last child stays idle; 5 minutes. */
  readonly idleMs?: number;
  /** How long any other stays idle; 10 s. */
  readonly spareMs?: number;
  /** How long a child may take to let go: the last one to close a device writes what is left to it; 10 s. */
  readonly letGoMs?: number;
}

/** Children as their users see them. */
export interface Children {
  /** One question, which leaves nothing open. */
  readonly ask: Ask;
  /** A child of the caller's own until it is told to end. */
  readonly talk: (signal: AbortSignal) => Promise<Conversation>;
  /** Something will be asked soon: a child may start meanwhile. */
  readonly prepare: () => void;
}

const defaults = {
  most: Math.max(2, Math.min(availableParallelism(), 4)),
  patienceMs: 2000,
  idleMs: 5 * 60_000,
  spareMs: 10_000,
  letGoMs: 10_000,
} as const;

export class ChildPool implements Children, AsyncDisposable {
  readonly #options: Required<ChildPoolOptions>;
  /** The end of a process has 5 s in all. */
  readonly #endMs = 500;
  /** Idle, or with a user. */
  readonly #all = new Set<PooledChild>();
  /** The first of them is the last one to end. */
  readonly #idle: { readonly child: PooledChild; readonly timer: NodeJS.Timeout }[] = [];
  readonly #line: WaitingLine<PooledChild>;
  #isClosed = false;

  constructor(options: ChildPoolOptions) {
    this.#options = { ...defaults, ...options };
    this.#line = new WaitingLine({
      make: () => this.#fresh(),
      patienceMs: this.#options.patienceMs,
      isMaking: () => [...this.#all].some(({ isUp }) => !isUp),
    });
  }

  readonly ask: Ask = async (question, signal) => {
    const child = await this.#take(signal);
    try {
      return await child.ask(question, signal);
    } finally {
      this.#giveBack(child);
    }
  };

  readonly talk = async (signal: AbortSignal): Promise<Conversation> => {
    const child = await this.#take(signal);
    let isOver = false;
    const ask: Ask = async (question, until) => {
      if (isOver) throw new Error("BUG: the child may have another user by now");
      return await child.ask(question, until);
    };
    const end = () => {
      if (!isOver) void this.#retrieve(child);
      isOver = true;
    };
    return { ask, end };
  };

  readonly prepare = (): void => {
    if (this.#idle.length === 0 && this.#hasRoom) this.#giveBack(this.#fresh());
  };

  get #hasRoom(): boolean {
    return this.#all.size < this.#options.most;
  }

  /** B1. */
  async #take(signal: AbortSignal): Promise<PooledChild> {
    signal.throwIfAborted();
    const { child, timer } = this.#idle.pop() ?? {};
    clearTimeout(timer);
    if (child !== undefined) return child;
    return this.#hasRoom ? this.#fresh() : await this.#line.wait(signal);
  }

  #fresh(): PooledChild {
    const child = new PooledChild(this.#options.start());
    this.#all.add(child);
    void child.ended.then(() => this.#drop(child));
    return child;
  }

  async #retrieve(child: PooledChild): Promise<void> {
    if (child.isSound) await child.letGo(AbortSignal.timeout(this.#options.letGoMs));
    this.#giveBack(child);
  }

  /** B2, B3. */
  #giveBack(child: PooledChild): void {
    if (!child.isSound) this.#drop(child);
    else if (this.#line.passOn(child)) return;
    else if (this.#isClosed || this.#all.size > this.#options.most) this.#drop(child);
    else this.#keep(child);
  }

  #keep(child: PooledChild): void {
    const { idleMs, spareMs } = this.#options;
    const timer = setTimeout(() => this.#drop(child), this.#idle.length === 0 ? idleMs : spareMs);
    timer.unref();
    this.#idle.push({ child, timer });
  }

  /** Nobody gets it any more, whether or not it ends. */
  #drop(child: PooledChild): void {
    child.end();
    const index = this.#idle.findIndex((idle) => idle.child === child);
    if (index !== -1) this.#idle.splice(index, 1).forEach(({ timer }) => clearTimeout(timer));
    this.#all.delete(child);
    if (this.#hasRoom) this.#line.makeOne();
  }

  /** Ends what is idle now, and from now on every child with its user, unless somebody waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const idle = this.#idle.map(({ child }) => child);
    for (const child of idle) this.#drop(child);
    const ended = Promise.all(idle.map(async (child) => child.ended));
    // It is no part of what has to be over: whatever keeps it, this process ends.
    await untilAborted(ended, AbortSignal.timeout(this.#endMs)).catch(() => undefined);
  }
}
