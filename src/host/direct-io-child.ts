/**
 * A program of its own, for everything that can hang in the kernel or needs an open device (V32): each line of its
 * standard input is a number and a request in JSON, which it answers with a line of the same number and JSON before it
 * reads the next; an empty line says that it is up, and it ends with its input. Its parent (direct-io.ts) never touches
 * the device. It imports nothing but node: modules, so that it is easy to bundle, and those that only some requests need
 * when one comes: most of its time goes by while it starts. So it may serve one user after the other (child-pool.ts).
 *
 * D1  A device counts only after fstat of the opened file: right type, right number (V33), and then the namespace UUID
 *     in sysfs: while the file is open, the number cannot pass to another device.
 * D2  A read is complete or an error; a short read proves nothing.
 * D3  `hold` keeps the verified device open until `release`, or until this process ends. The kernel gives neither its name
 *     nor its number to another device before the last open file is closed, so that no later request and no program that
 *     `run` starts can meet another device under that name.
 * D4  `write` opens the attribute first and compares afterwards: an open attribute of a deleted controller refuses
 *     writes, even when another controller has taken its name in between.
 * D5  `swap` writes a block only if it holds what its caller has seen, and answers once the block is on the medium and
 *     reads back.
 * D6  An answer comes when all is over: nothing that it was about is still open, except what is held, or still done.
 */
import { once } from "node:events";
import {
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from "node:fs";
import { createInterface } from "node:readline";

export type Expectation =
  | {
      readonly kind: "block";
      readonly major: number;
      readonly minor: number;
      /** UUID of the NVMe namespace: name and number alone may belong to another one by now. */
      readonly uuid?: string;
      /** Its disk sequence number: the namespace may have come back meanwhile, as another device. */
      readonly diskseq?: string;
    }
  | { readonly kind: "file" };

export interface ReadRequest {
  readonly op: "read";
  readonly path: string;
  readonly expect?: Expectation;
  /** Refuse a device that something holds (a mount, LVM, RAID): O_EXCL. */
  readonly exclusive: boolean;
  /** Offsets are decimal digits; offsets and lengths are multiples of 4 KiB. */
  readonly regions: readonly { readonly offset: string; readonly length: number }[];
  /** Offsets of blocks of 4 KiB that are not judged but returned, whole. */
  readonly blocks: readonly string[];
}

/** Replaces one block of 4 KiB. */
export interface SwapRequest {
  readonly op: "swap";
  readonly path: string;
  readonly expect: Expectation;
  readonly offset: string;
  /** Base64: what the block must hold, and what it holds afterwards. */
  readonly from: string;
  readonly to: string;
}

/** D3. One device at a time. */
export interface HoldRequest {
  readonly op: "hold";
  readonly path: string;
  readonly expect: Expectation;
}

/** Closes what is held, if anything is. */
export interface ReleaseRequest {
  readonly op: "release";
}

export interface RunRequest {
  readonly op: "run";
  readonly file: string;
  readonly args: readonly string[];
}

export interface WriteRequest {
  readonly op: "write";
  readonly writes: readonly GuardedWrite[];
}

/** Writes `text` to `path` if each file of `expect` holds exactly the given text. */
export interface GuardedWrite {
  readonly path: string;
  readonly text: string;
  readonly expect: readonly { readonly path: string; readonly text: string }[];
}

export type ChildRequest = HoldRequest | ReadRequest | ReleaseRequest | RunRequest | SwapRequest | WriteRequest;

const requests = createInterface({ input: process.stdin });
const blockSize = 4096;
const chunkSize = 4 * 1024 * 1024;
const wasmPage = 64 * 1024;
const longestOutput = 64 * 1024;

/** The part of WebAssembly in use here; the type library of a browser would declare it. */
interface WebAssemblyMemory {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
}

/** An error with a code, as Node's own system errors have one. */
class CodedError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

async function answer(request: ChildRequest): Promise<object> {
  switch (request.op) {
    case "read":
      return readRegions(request);
    case "hold":
      hold(request);
      return {};
    case "release":
      release();
      return {};
    case "run":
      return await runProgram(request);
    case "swap":
      swapBlock(request);
      return {};
    case "write":
      await writeAll(request);
      return {};
  }
}

function readRegions({ path, expect, exclusive, regions, blocks }: ReadRequest): object {
  const flags = constants.O_RDONLY | constants.O_DIRECT | (exclusive ? constants.O_EXCL : 0);
  const file = openSync(path, flags);
  try {
    verify(file, path, expect);
    return readAll(file, regions, blocks.map(BigInt));
  } finally {
    closeSync(file);
  }
}

function readAll(file: number, regions: ReadRequest["regions"], apart: readonly bigint[]): object {
  const memory = alignedMemory();
  const read = (at: bigint, length: number) => {
    const chunk = memory.subarray(0, length);
    const count = readSync(file, chunk, 0, length, at);
    if (count !== length) throw new CodedError("SHORT_READ", `${count} of ${length} bytes at ${at}`);
    return chunk;
  };
  const contents = apart.map((at) => read(at, blockSize).toString("base64"));
  for (const { offset, length } of regions) {
    for (let done = 0; done < length; done += chunkSize) {
      const at = BigInt(offset) + BigInt(done);
      const chunk = read(at, Math.min(chunkSize, length - done));
      for (const block of apart) {
        const inside = Number(block - at);
        if (inside >= 0 && inside < chunk.length) chunk.fill(0, inside, inside + blockSize);
      }
      if (isZero(chunk)) continue;
      const firstNonZero = at + BigInt(chunk.findIndex((byte) => byte !== 0));
      return { firstNonZero: firstNonZero.toString(), blocks: contents };
    }
  }
  return { firstNonZero: null, blocks: contents };
}

/** Every byte is like the one before it, and the first is zero: without a second piece of memory to compare with. */
function isZero(chunk: Buffer): boolean {
  return chunk[0] === 0 && chunk.subarray(1).equals(chunk.subarray(0, -1));
}

/** D5. Exclusive: what holds the device may be about to write there too. */
function swapBlock(request: SwapRequest): void {
  const file = openSync(request.path, constants.O_RDWR | constants.O_DIRECT | constants.O_EXCL);
  try {
    verify(file, request.path, request.expect);
    swapIn(file, request);
  } finally {
    closeSync(file);
  }
}

function swapIn(file: number, { path, offset, from, to }: SwapRequest): void {
  const block = alignedMemory().subarray(0, blockSize);
  const assertHolds = (wanted: string, code: string) => {
    const count = readSync(file, block, 0, blockSize, BigInt(offset));
    if (count === blockSize && block.equals(Buffer.from(wanted, "base64"))) return;
    throw new CodedError(code, `the block at ${offset} of ${path} does not hold what it must`);
  };
  assertHolds(from, "CHANGED");
  block.set(Buffer.from(to, "base64"));
  const written = writeSync(file, block, 0, blockSize, Number(offset));
  if (written !== blockSize) throw new CodedError("SHORT_WRITE", `${written} of ${blockSize} bytes at ${offset}`);
  fdatasyncSync(file);
  assertHolds(to, "NOT_WRITTEN");
}

let memory: Buffer | undefined;

/** V45: memory of an ordinary Buffer is not aligned enough for direct reads; memory of WebAssembly is. */
function alignedMemory(): Buffer {
  const { Memory } = Reflect.get(globalThis, "WebAssembly") as WebAssemblyMemory;
  memory ??= Buffer.from(new Memory({ initial: chunkSize / wasmPage }).buffer);
  return memory;
}

function verify(file: number, path: string, expect: Expectation | undefined): void {
  if (expect === undefined) return;
  const stat = fstatSync(file, { bigint: true });
  if (expect.kind === "file") {
    if (!stat.isFile()) throw new CodedError("WRONG_DEVICE", `${path} is not a regular file`);
    return;
  }
  if (!stat.isBlockDevice()) throw new CodedError("WRONG_DEVICE", `${path} is not a block device`);
  const major = (stat.rdev & 0xfff00n) / 256n + ((stat.rdev >> 32n) & 0xfffff000n);
  const minor = (stat.rdev & 0xffn) + ((stat.rdev >> 12n) & 0xffffff00n);
  if (major === BigInt(expect.major) && minor === BigInt(expect.minor)) {
    for (const leaf of ["uuid", "diskseq"] as const) verifyAttribute(path, expect, leaf);
    return;
  }
  const rule = `${path} must be device ${expect.major}:${expect.minor}`;
  throw new CodedError("WRONG_DEVICE", `${rule}; got ${major}:${minor}`);
}

function verifyAttribute(
  path: string,
  expect: Extract<Expectation, { kind: "block" }>,
  leaf: "uuid" | "diskseq",
): void {
  const wanted = expect[leaf];
  if (wanted === undefined) return;
  const attribute = `/sys/dev/block/${expect.major}:${expect.minor}/${leaf}`;
  const actual = existsSync(attribute) ? readFileSync(attribute, "utf8").trim() : "none";
  if (actual === wanted) return;
  throw new CodedError("WRONG_DEVICE", `${path} must have ${leaf} ${wanted}; got ${actual}`);
}

let held: number | undefined;

/** D3. */
function hold({ path, expect }: HoldRequest): void {
  if (held !== undefined) throw new CodedError("HOLDING", "another device is held already");
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    verify(file, path, expect);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  held = file;
}

function release(): void {
  const file = held;
  held = undefined;
  if (file !== undefined) closeSync(file);
}

/** A SIGTERM to this process ends the program first. */
async function runProgram({ file, args }: RunRequest): Promise<object> {
  const { spawn } = await import("node:child_process");
  const { text } = await import("node:stream/consumers");
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  const stop = () => {
    child.kill("SIGTERM");
    requests.close();
  };
  process.once("SIGTERM", stop);
  try {
    const ended = once(child, "close").catch((error: unknown) => {
      throw new CodedError("SPAWN", `${file} did not start: ${String(error)}`);
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    const cut = (output: string) => output.trimEnd().slice(-longestOutput);
    return { exitCode: child.exitCode, signal: child.signalCode, stdout: cut(stdout), stderr: cut(stderr) };
  } finally {
    process.removeListener("SIGTERM", stop);
  }
}

/** D6: a write that fails does not hide one that still blocks. */
async function writeAll({ writes }: WriteRequest): Promise<void> {
  const outcomes = await Promise.allSettled(writes.map(writeGuarded));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

/** D4. What is absent or belongs to another one by now needs no write. */
async function writeGuarded({ path, text: value, expect }: GuardedWrite): Promise<void> {
  const { open, readFile } = await import("node:fs/promises");
  try {
    const file = await open(path, constants.O_WRONLY);
    try {
      for (const { path: other, text: wanted } of expect) {
        if ((await readFile(other, "utf8")).trim() !== wanted) return;
      }
      await file.write(value);
    } finally {
      await file.close();
    }
  } catch (error) {
    const gone = ["ENOENT", "ENODEV", "ENXIO"];
    if (!(error instanceof Error && "code" in error && gone.includes(String(error.code)))) throw error;
  }
}

function refusal(error: unknown): object {
  const code = error instanceof Error && "code" in error ? String(error.code) : "UNKNOWN";
  return { ok: false, code, message: error instanceof Error ? error.message : String(error) };
}

writeSync(1, "\n");
for await (const line of requests) {
  const [, number = "", request = ""] = /^(\d+) (.*)$/s.exec(line) ?? [];
  const result = await answer(JSON.parse(request) as ChildRequest)
    .then((fields) => ({ ok: true, ...fields }))
    .catch(refusal);
  writeSync(1, `${number} ${JSON.stringify(result)}\n`);
}
