/**
 * The host's end of the agent's HTTP/2 session (the requests are listed in guest-agent.ts).
 * 1. Whatever is pending when the guest goes away rejects with `explain`'s error, which tells what the guest said last.
 */
import { connect, constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { Channel, ExitStatus, ProcessSpec, ProcessStreams, RunningProcess } from "./channel.ts";
import { encodeFrame, encodeJson, frameTypes, readFrames, writeFully } from "./frames.ts";
import { sessionSettings, windowBytes } from "./http2-stream.ts";

type Explain = (cause: unknown) => Promise<Error>;

export class GuestChannel implements Channel {
  readonly #session: ClientHttp2Session;
  readonly #explain: Explain;

  private constructor(session: ClientHttp2Session, explain: Explain) {
    this.#session = session;
    this.#explain = explain;
  }

  /** Waits for the agent's first settings frame: the guest is up then. */
  static async open(port: Duplex, explain: Explain, signal: AbortSignal): Promise<GuestChannel> {
    const session = connect("http://guest", { createConnection: () => port, settings: sessionSettings });
    session.on("error", () => undefined);
    const gone = new AbortController();
    session.once("close", () => gone.abort());
    try {
      await once(session, "remoteSettings", { signal: AbortSignal.any([signal, gone.signal]) });
    } catch (error) {
      session.destroy();
      signal.throwIfAborted();
      throw await explain(error);
    }
    session.setLocalWindowSize(windowBytes);
    return new GuestChannel(session, explain);
  }

  async start(spec: ProcessSpec, streams: ProcessStreams, signal?: AbortSignal): Promise<RunningProcess> {
    signal?.throwIfAborted();
    const stream = await this.#request("POST", "/process", {}, signal);
    stream.write(encodeJson(frameTypes.spec, { ...spec, stdin: streams.stdin !== undefined }));
    if (streams.stdin) void sendStdin(streams.stdin, stream);
    else stream.end();
    const started = Promise.withResolvers<number>();
    const exited = this.#follow(stream, streams, started.resolve).catch(async (error: unknown) => {
      signal?.throwIfAborted();
      throw await this.#reason(error);
    });
    exited.catch((error: unknown) => started.reject(error));
    const pid = await started.promise;
    const kill = async (name: NodeJS.Signals) => {
      await this.#exchange("POST", "/signal", { pid: String(pid), signal: name });
    };
    return { pid, exited, kill };
  }

  connect(socketPath: string): Duplex {
    const stream = this.#session.request({ ":method": "POST", ":path": target("/socket", { path: socketPath }) });
    stream.once("response", (headers) => {
      if (headers[":status"] !== 200) stream.destroy(new Error(`cannot reach ${socketPath} in the guest`));
    });
    return stream;
  }

  async readFile(path: string, signal?: AbortSignal): Promise<Buffer> {
    return this.#exchange("GET", "/file", { path }, undefined, signal);
  }

  async writeFile(path: string, content: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#exchange("PUT", "/file", { path }, content, signal);
  }

  close(): void {
    this.#session.destroy();
  }

  async #request(method: string, path: string, query: Record<string, string>, signal?: AbortSignal) {
    if (this.#session.destroyed) throw await this.#explain(new Error("the channel is closed"));
    const stream = this.#session.request(
      { ":method": method, ":path": target(path, query) },
      { endStream: false, ...(signal ? { signal } : {}) },
    );
    // Its reader gets the same error; an abort may come when nobody reads yet or any more.
    stream.on("error", () => undefined);
    return stream;
  }

  async #exchange(
    method: string,
    path: string,
    query: Record<string, string>,
    content: Uint8Array = Buffer.alloc(0),
    signal?: AbortSignal,
  ): Promise<Buffer> {
    signal?.throwIfAborted();
    const stream = await this.#request(method, path, query, signal);
    let status: number | undefined;
    stream.once("response", (headers) => (status = headers[":status"]));
    stream.end(content);
    try {
      const body = await buffer(stream);
      if (status === 500) throw new GuestError(body.toString());
      if (status === undefined) throw new Error("no answer");
      return body;
    } catch (error) {
      signal?.throwIfAborted();
      throw await this.#reason(error);
    }
  }

  /** While the session lives, a failure is the stream's own; otherwise it is the loss of the guest. */
  async #reason(error: unknown): Promise<unknown> {
    return error instanceof GuestError || !this.#session.destroyed ? error : await this.#explain(error);
  }

  async #follow(
    stream: ClientHttp2Stream,
    streams: ProcessStreams,
    onStart: (pid: number) => void,
  ): Promise<ExitStatus> {
    try {
      for await (const { type, payload } of readFrames(stream)) {
        if (type === frameTypes.stdout) await streams.onStdout(payload);
        else if (type === frameTypes.stderr) await streams.onStderr(payload);
        else if (type === frameTypes.started) onStart(JSON.parse(payload.toString()) as number);
        else if (type === frameTypes.exit) return JSON.parse(payload.toString()) as ExitStatus;
        else throw new GuestError(payload.toString());
      }
    } finally {
      // Stdin that nobody wants any more would keep the stream open for ever.
      stream.close(constants.NGHTTP2_CANCEL);
    }
    throw new Error("the stream ended early");
  }
}

/** An answer of the agent, in contrast to the loss of the guest. */
class GuestError extends Error {}

function target(path: string, query: Record<string, string>): string {
  return `${path}?${new URLSearchParams(query).toString()}`;
}

async function sendStdin(source: AsyncIterable<Uint8Array>, stream: ClientHttp2Stream): Promise<void> {
  try {
    for await (const chunk of source) {
      if (stream.destroyed) return;
      await writeFully(stream, encodeFrame(frameTypes.stdin, chunk));
    }
    stream.end();
  } catch (error) {
    // The source failed: so does the run, unless it is over.
    if (!stream.closed) stream.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}
