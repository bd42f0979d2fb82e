/** A CSI caller whose calls are made, and timed, by a program in the guest (caller-program.ts). */
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { status } from "@grpc/grpc-js";
import type { CsiMethodPath } from "../../src/gen/csi-fields.ts";
import type { Machine, Spawned } from "../lab/machine.ts";
import { runTool } from "../lab/run-tool.ts";
import { clientOver, CsiError, type CallOptions, type CsiClient } from "../support/csi-client.ts";
import type { Answer, Question } from "./caller-program.ts";

const project = join(import.meta.dirname, "../..");
const program = "dist/bench/caller.js";
/** The driver has limits of its own; a caller that leaves first would measure nothing. */
const patienceMs = 600_000;

/** One call as the guest saw it. */
export interface Span {
  readonly method: string;
  readonly start: number;
  readonly end: number;
}

/** Builds the guest's program; a machine sees only what was there when it started. */
export async function buildCaller(signal: AbortSignal): Promise<void> {
  // By its command line, as its library leaves a service process behind.
  const esbuild = join(project, "node_modules/.bin/esbuild");
  const format = ["--bundle", "--platform=node", "--format=esm", "--target=node24", "--log-level=error"];
  const banner = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
  const entry = join(import.meta.dirname, "caller-program.ts");
  await runTool([esbuild, entry, `--outfile=${join(project, program)}`, `--banner:js=${banner}`, ...format], signal);
}

export class GuestCaller implements AsyncDisposable {
  readonly client: CsiClient;
  readonly #input = new PassThrough();
  readonly #pending = new Map<number, PromiseWithResolvers<Answer>>();
  #spans: Span[] = [];
  #asked = 0;
  #process: Spawned | undefined;
  /** Why no answer will come any more. */
  #death: Error | undefined;

  private constructor() {
    this.client = clientOver({
      call: async (path, request, options) => this.#call(path as CsiMethodPath, request, options),
      close: () => undefined,
    });
  }

  static async start(machine: Machine, socketPath: string): Promise<GuestCaller> {
    const caller = new GuestCaller();
    const argv = [machine.node, `${machine.project}/${program}`, socketPath];
    const said: string[] = [];
    const spawned = await machine.spawn(argv, {
      stdin: caller.#input,
      onStdoutLine: (line) => caller.#hear(JSON.parse(line) as Answer),
      onStderrLine: (line) => void said.push(line),
    });
    caller.#process = spawned;
    const onEnd = () => caller.#fail(new Error(`the caller in the guest ended: ${said.join("\n")}`));
    spawned.exited.then(onEnd, onEnd);
    return caller;
  }

  /** Process id in the guest. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** The calls that `work` makes, in the order in which they end. */
  async spansOf(work: () => Promise<unknown>): Promise<readonly Span[]> {
    this.#spans = [];
    await work();
    return this.#spans;
  }

  async #call(path: CsiMethodPath, request: object, { deadlineMs = patienceMs }: CallOptions): Promise<object> {
    if (this.#death !== undefined) throw this.#death;
    const id = (this.#asked += 1);
    const pending = Promise.withResolvers<Answer>();
    this.#pending.set(id, pending);
    const question: Question = { id, path, request, deadlineMs };
    this.#input.write(`${JSON.stringify(question)}\n`);
    const { start, end, response, refusal } = await pending.promise;
    this.#spans.push({ method: path.split("/").at(-1) ?? "", start, end });
    if (refusal !== undefined) throw new CsiError(path, { code: status[refusal.code], details: refusal.details });
    return response ?? {};
  }

  #hear(answer: Answer): void {
    this.#pending.get(answer.id)?.resolve(answer);
    this.#pending.delete(answer.id);
  }

  #fail(error: Error): void {
    this.#death = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#input.end();
    await this.#process?.exited;
  }
}

/** What calls of these methods took together; all calls unless methods are given. */
export function sumOf(spans: readonly Span[], ...methods: readonly string[]): number {
  const counted = spans.filter(({ method }) => methods.length === 0 || methods.includes(method));
  return counted.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** From the first start to the last end. */
export function wholeOf(spans: readonly Span[]): number {
  return Math.max(...spans.map(({ end }) => end)) - Math.min(...spans.map(({ start }) => start));
}
