/**
 * The bytes of one process on one HTTP/2 stream: frames of one type byte, four length bytes and the payload.
 */
import type { Readable, Writable } from "node:stream";
import { once } from "node:events";

export const frameTypes = { spec: 0, stdin: 1, stdout: 2, stderr: 3, started: 4, exit: 5, error: 6 } as const;

export interface Frame {
  readonly type: number;
  readonly payload: Buffer;
}

const headerBytes = 5;

export function encodeFrame(type: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + payload.length);
  frame.writeUInt8(type, 0);
  frame.writeUInt32BE(payload.length, 1);
  frame.set(payload, headerBytes);
  return frame;
}

export function encodeJson(type: number, value: unknown): Buffer {
  return encodeFrame(type, Buffer.from(JSON.stringify(value)));
}

/**
 * Yields whole frames; bytes after the last whole frame are dropped, as the peer is gone by then.
 * Leaving the loop early leaves the stream open: its other direction may still be in use.
 */
export async function* readFrames(source: Readable): AsyncGenerator<Frame, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= headerBytes) {
      const end = headerBytes + rest.readUInt32BE(1);
      if (rest.length < end) break;
      yield { type: rest.readUInt8(0), payload: rest.subarray(headerBytes, end) };
      rest = rest.subarray(end);
    }
  }
}

/** Writes with back-pressure; a stream that is gone takes the bytes silently, its reader knows already. */
export async function writeFully(stream: Writable, bytes: Uint8Array): Promise<void> {
  if (stream.destroyed || stream.writableEnded) return;
  if (stream.write(bytes)) return;
  const gone = new AbortController();
  const onClose = () => gone.abort();
  stream.once("close", onClose);
  try {
    await once(stream, "drain", { signal: gone.signal });
  } catch {
    // Closed or failed while full: nobody reads any more.
  } finally {
    stream.off("close", onClose);
  }
}
