/**
 * The program behind the virtio-serial port of a guest: an HTTP/2 server on one stream, for one client, for ever.
 *   POST /process                      spec frame and stdin frames in; started, stdout, stderr, exit or error frames out
 *   POST /signal?pid=N&signal=NAME     signals a process group
 *   POST /socket?path=P                the bytes of one connection to a unix socket
 *   GET  /file?path=P, PUT /file?path=P
 * 1. A /process stream that closes before the exit frame kills the process group.
 * 2. The end of the port ends the agent; process 1 then powers the machine off.
 */
import { performServerHandshake } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import { buffer } from "node:stream/consumers";
import type { ProcessSpec } from "./channel.ts";
import { encodeFrame, encodeJson, frameTypes, readFrames, writeFully } from "./frames.ts";
import type { Frame } from "./frames.ts";
import { joinStreams, sessionSettings, windowBytes } from "./http2-stream.ts";
import { killGroup, LocalChannel } from "./local-channel.ts";
import { PortStream } from "./port-stream.ts";

const { PATH = "", HOME = "/root", LANG = "C.UTF-8" } = process.env;
const local = new LocalChannel({ PATH, HOME, LANG, TERM: "dumb" });

async function* stdinOf(frames: AsyncGenerator<Frame, undefined>): AsyncGenerator<Buffer> {
  for await (const frame of frames) if (frame.type === frameTypes.stdin) yield frame.payload;
}

async function serveProcess(stream: ServerHttp2Stream): Promise<void> {
  const closed = new AbortController();
  stream.once("close", () => closed.abort());
  stream.respond({ ":status": 200 });
  const frames = readFrames(stream);
  const first = await frames.next();
  if (first.done === true) return;
  const { stdin, ...spec } = JSON.parse(first.value.payload.toString()) as ProcessSpec & { stdin: boolean };
  try {
    const running = await local.start(
      spec,
      {
        ...(stdin ? { stdin: stdinOf(frames) } : {}),
        onStdout: (chunk) => writeFully(stream, encodeFrame(frameTypes.stdout, chunk)),
        onStderr: (chunk) => writeFully(stream, encodeFrame(frameTypes.stderr, chunk)),
      },
      closed.signal,
    );
    stream.write(encodeJson(frameTypes.started, running.pid));
    stream.end(encodeJson(frameTypes.exit, await running.exited));
  } catch (error) {
    if (!stream.destroyed) stream.end(encodeFrame(frameTypes.error, Buffer.from(String(error))));
  }
}

function serveSocket(stream: ServerHttp2Stream, path: string): void {
  const socket = local.connect(path);
  const onError = (error: Error) => fail(stream, error);
  socket.once("error", onError);
  socket.once("connect", () => {
    socket.off("error", onError);
    stream.respond({ ":status": 200 });
    joinStreams(stream, socket);
  });
}

async function serveFile(stream: ServerHttp2Stream, method: string | undefined, path: string): Promise<void> {
  if (method === "PUT") await local.writeFile(path, await buffer(stream));
  const content = method === "PUT" ? Buffer.alloc(0) : await local.readFile(path);
  stream.respond({ ":status": 200 });
  stream.end(content);
}

function fail(stream: ServerHttp2Stream, error: unknown): void {
  if (stream.destroyed || stream.headersSent) {
    stream.destroy();
    return;
  }
  stream.respond({ ":status": 500 });
  stream.end(error instanceof Error ? error.message : String(error));
}

async function serve(stream: ServerHttp2Stream, method: string | undefined, url: URL): Promise<void> {
  const query = (name: string) => url.searchParams.get(name) ?? "";
  switch (url.pathname) {
    case "/process":
      return serveProcess(stream);
    case "/socket":
      serveSocket(stream, query("path"));
      return;
    case "/file":
      return serveFile(stream, method, query("path"));
    case "/signal":
      killGroup(Number(query("pid")), query("signal") as NodeJS.Signals);
      stream.respond({ ":status": 204 }, { endStream: true });
      return;
    default:
      throw new Error(`cannot serve ${url.pathname}: no such request`);
  }
}

const session = performServerHandshake(new PortStream(process.argv[2] ?? ""), { settings: sessionSettings });
session.setLocalWindowSize(windowBytes);
session.on("stream", (stream, headers) => {
  stream.on("error", () => undefined);
  const url = new URL(headers[":path"] ?? "/", "lab://guest");
  serve(stream, headers[":method"], url).catch((error: unknown) => fail(stream, error));
});
session.once("close", () => process.exit(0));
