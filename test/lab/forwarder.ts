/**
 * Unix sockets on this side that lead into a machine, so that native clients (gRPC above all) can talk to programs there.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { joinStreams } from "./http2-stream.ts";

export class Forwarder {
  readonly #directory: string;
  readonly #connect: (socketPath: string) => Duplex;
  readonly #servers = new Map<string, Server>();
  readonly #sockets = new Set<Socket>();

  constructor(directory: string, connect: (socketPath: string) => Duplex) {
    this.#directory = directory;
    this.#connect = connect;
  }

  /** Each call makes a socket of its own. A refusal inside shows as a closed connection. */
  async forward(socketPath: string, signal?: AbortSignal): Promise<string> {
    const path = join(this.#directory, `${this.#servers.size}.sock`);
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#tunnel(socket, socketPath));
    this.#servers.set(path, server);
    server.unref();
    server.listen(path);
    await once(server, "listening", signal ? { signal } : {});
    return path;
  }

  async close(): Promise<void> {
    const servers = [...this.#servers.values()].filter((server) => server.listening);
    const closed = servers.map(async (server) => once(server, "close"));
    for (const server of servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  #tunnel(socket: Socket, socketPath: string): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    try {
      joinStreams(socket, this.#connect(socketPath));
    } catch {
      socket.destroy();
    }
  }
}
