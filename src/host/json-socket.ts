/**
 * Calls between processes of one machine: JSON over HTTP on a unix socket that only its owner may open.
 *
 * J1  A failure keeps its kind and its sentence on the way; anything that is no DomainError is told in words only.
 * J2  A caller who goes away ends the work that was begun for it.
 */
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import * as z from "zod";
import { DomainError, failure, messageOf, type ErrorKind } from "../domain/errors.ts";
import { jsonOf } from "../domain/json-of.ts";
import { prepareSocketPath, restrictSocket } from "./unix-socket.ts";

// For the reason in kubelet/health.ts.
const http = process.getBuiltinModule("node:http");

const longestQuestion = 64 * 1024;
const longestAnswer = 64 * 1024 * 1024;
const refusal = z.object({ kind: z.string().transform((kind) => kind as ErrorKind), message: z.string() });

/** The work of one call; the answer must be something for JSON. */
export type Route = (question: unknown, signal: AbortSignal) => Promise<unknown>;

/** Serves routes such as `POST /x` until it is disposed of. A question is a body, or the parameters of a GET. */
export async function serveJson(path: string, routes: Readonly<Record<string, Route>>): Promise<AsyncDisposable> {
  await prepareSocketPath(path);
  const server = http.createServer((request, response) => void answer(request, response, routes));
  server.listen(path);
  await once(server, "listening");
  await restrictSocket(path);
  return { [Symbol.asyncDispose]: async () => close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: Readonly<Record<string, Route>>,
): Promise<void> {
  const [status, said] = await outcome(request, response, routes);
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(said)}\n`);
}

async function outcome(
  request: IncomingMessage,
  response: ServerResponse,
  routes: Readonly<Record<string, Route>>,
): Promise<readonly [number, unknown]> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const name = `${request.method} ${pathname}`;
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
  if (route === undefined) return [404, { kind: "not_found", message: Object.keys(routes).join(", ") }];
  // J2.
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  try {
    const question =
      request.method === "GET" ? Object.fromEntries(searchParams) : jsonOf(await textOf(request, longestQuestion));
    return [200, await route(question, gone.signal)];
  } catch (error) {
    const kind = error instanceof DomainError ? error.kind : "unavailable";
    return [error instanceof DomainError ? 409 : 500, { kind, message: messageOf(error) }];
  }
}

async function textOf(incoming: IncomingMessage, longest: number): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > longest) {
      const rule = `it must have at most ${longest} bytes`;
      throw failure("invalid_argument", { cannot: "read a message", rule });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** A call such as `POST /x`, to whoever serves `path`. */
export async function askJson(path: string, call: string, question: object, signal: AbortSignal): Promise<unknown> {
  const [method = "", route = ""] = call.split(" ");
  const isBare = method === "GET";
  const query = isBare ? `?${new URLSearchParams(Object.entries(question)).toString()}` : "";
  const request = http.request({ socketPath: path, method, path: `${route}${query}`, signal });
  request.end(isBare ? undefined : JSON.stringify(question));
  const [response] = (await once(request, "response", { signal })) as [IncomingMessage];
  const said = jsonOf(await textOf(response, longestAnswer));
  if (response.statusCode === 200) return said;
  const { kind, message } = refusal.parse(said);
  throw new DomainError(kind, message);
}
