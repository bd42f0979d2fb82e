/**
 * A virtio-serial port as a stream. libuv has no event loop support for this kind of device, so each direction holds
 * one thread of its pool while it waits: start the program with UV_THREADPOOL_SIZE raised.
 */
import { close, openSync, read, write } from "node:fs";
import { Duplex } from "node:stream";

// What one read or write of the virtio console driver moves at most.
const chunkBytes = 32_768;

export class PortStream extends Duplex {
  readonly #fd: number;

  constructor(path: string) {
    super({ readableHighWaterMark: chunkBytes, writableHighWaterMark: 8 * chunkBytes });
    this.#fd = openSync(path, "r+");
  }

  override _read(): void {
    const buffer = Buffer.allocUnsafeSlow(chunkBytes);
    read(this.#fd, buffer, 0, chunkBytes, null, (error, bytes) => {
      if (error) this.destroy(error);
      else this.push(bytes === 0 ? null : buffer.subarray(0, bytes));
    });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    write(this.#fd, chunk, 0, chunk.length, null, (error, bytes) => {
      if (error) done(error);
      else if (bytes < chunk.length) this._write(chunk.subarray(bytes), "utf8", done);
      else done();
    });
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "utf8", done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    close(this.#fd, (closing) => done(error ?? closing));
  }
}
