/**
 * Start and end of a process: what was started is stopped in the opposite order, within 5 s, however it ends.
 */
import { close, listen, type Server } from "../csi/server.ts";
import { prepareSocketPath, restrictSocket } from "../host/unix-socket.ts";
import { withTimeout } from "../host/clock.ts";

const drainMs = 4000;

/** Serves until the signal fires, then lets running calls end. */
export async function serve(
  server: Server,
  socketPath: string,
  { stop, onListening }: { readonly stop: AbortSignal; readonly onListening: () => void },
): Promise<void> {
  await prepareSocketPath(socketPath);
  await listen(server, socketPath);
  await restrictSocket(socketPath);
  onListening();
  if (!stop.aborted) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    stop.addEventListener("abort", () => resolve(undefined), { once: true });
    await promise;
  }
  await close(server, withTimeout(new AbortController().signal, drainMs));
}
