/**
 * What both ends of the channel share: flow control sizes, and two streams made one.
 */
import type { Duplex } from "node:stream";

/** Of the session as a whole: never the limit, so that one unread stream does not stop the others. */
export const windowBytes = 2 ** 30;

export const sessionSettings = { initialWindowSize: 2 ** 20, maxConcurrentStreams: 10_000 };

/** Passes bytes and half-closes both ways; the failure of one ends the other. */
export function joinStreams(left: Duplex, right: Duplex): void {
  for (const [from, to] of [
    [left, right],
    [right, left],
  ] as const) {
    from.pipe(to);
    from.on("error", () => to.destroy());
    from.once("close", () => {
      if (!from.readableEnded) to.destroy();
    });
  }
}
