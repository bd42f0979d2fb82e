/**
 * Liveness and readiness over HTTP for a kubelet: GET /healthz and GET /readyz, each by the same check as the CSI Probe.
 * 200 and "ok", or 503 and the reason.
 */
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { messageOf } from "../domain/errors.ts";
import type { Portal } from "../domain/model.ts";
import { untilAborted } from "../lib/abort.ts";

// An import reads every name of the module, and by one of them (WebSocket) Node.js loads its whole fetch: a tenth of a start.
const { createServer } = process.getBuiltinModule("node:http");

/** Less than the five seconds of the chart's probes: a machine that is busy for a moment is no reason to restart. */
const probeMs = 4500;
const paths = ["/healthz", "/readyz"];

type Probe = (signal: AbortSignal) => Promise<void>;

/** Serves until it is disposed of. */
export async function serveHealth(
  { address, port }: Portal,
  probe: Probe,
): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((request, response) => void answer(request, response, probe));
  server.listen(port, address);
  await once(server, "listening");
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : port,
    [Symbol.asyncDispose]: async () => close(server),
  };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

async function answer(request: IncomingMessage, response: ServerResponse, probe: Probe): Promise<void> {
  const isKnown = paths.includes(request.url ?? "") && request.method === "GET";
  const [status, text] = isKnown ? await outcome(probe) : [404, `GET ${paths.join(" or ")}`];
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}

async function outcome(probe: Probe): Promise<readonly [number, string]> {
  const limit = AbortSignal.timeout(probeMs);
  try {
    await untilAborted(probe(limit), limit);
    return [200, "ok"];
  } catch (error) {
    return [503, messageOf(error)];
  }
}
