/**
 * Direct reads, exclusive opens, programs on a verified device and blocking kernel writes, in a child process
 * (direct-io-child.ts): this process never opens a volume's device and stays healthy when one hangs (V32). child-pool.ts
 * says which child is asked; whoever has several questions of one device keeps the child (`holdDevice`).
 *
 * O1  Only an answer that says so is a complete reading. A child that dies, is cut short or answers nonsense leaves
 *     the device unreadable.
 */
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { failure } from "../domain/errors.ts";
import { jsonOf } from "../domain/json-of.ts";
import type { DeviceNumber } from "../domain/model.ts";
import { converse, type Ask, type Conversation, type RunningConversation } from "./converse.ts";
import type { ChildRequest, Expectation, GuardedWrite } from "./direct-io-child.ts";
import type { Exec, ExecResult } from "./exec.ts";

export type { GuardedWrite } from "./direct-io-child.ts";

/** A block device by name, number and, where they are known, UUID of its NVMe namespace and disk sequence number. */
export interface DeviceIdentity {
  readonly path: string;
  readonly number: DeviceNumber;
  readonly uuid?: string;
  readonly sequence?: number;
}

export function expectationOf({ number, uuid, sequence }: DeviceIdentity): Expectation {
  const more = { ...(uuid !== undefined && { uuid }), ...(sequence !== undefined && { diskseq: String(sequence) }) };
  return { kind: "block", ...number, ...more };
}

interface Bounds {
  readonly signal: AbortSignal;
}

export interface RegionsRequest {
  readonly path: string;
  readonly expect?: Expectation;
  /** Fail with EBUSY while something holds the device (a mount, LVM, RAID). */
  readonly exclusive: boolean;
  /** 4 KiB aligned. */
  readonly regions: readonly { readonly offset: bigint; readonly length: number }[];
  /** Offsets of blocks of 4 KiB to return; what they hold does not count as a byte that is not zero. */
  readonly blocks?: readonly bigint[];
}

/** `code` is an errno name, or WRONG_DEVICE, SHORT_READ, SPAWN, NO_ANSWER. */
export type RegionsReading =
  /** `blocks` in the order of the request. */
  | { readonly kind: "read"; readonly firstNonZero?: bigint; readonly blocks: readonly Buffer[] }
  | { readonly kind: "unreadable"; readonly code: string; readonly reason: string };

/** What a child may say, made once: making a schema takes longer than using it. */
const refusal = z.object({ ok: z.literal(false), code: z.string(), message: z.string() });
const block = z.base64().transform((text) => Buffer.from(text, "base64"));
const readAnswer = z.union([
  z.object({
    ok: z.literal(true),
    firstNonZero: z.string().regex(/^\d+$/).nullable(),
    blocks: z.array(block.refine(({ length }) => length === 4096)),
  }),
  refusal,
]);
const doneAnswer = z.union([z.object({ ok: z.literal(true) }), refusal]);
const runAnswer = z.union([
  z.object({
    ok: z.literal(true),
    exitCode: z.number().nullable(),
    signal: z.string().nullable(),
    stdout: z.string(),
    stderr: z.string(),
  }),
  refusal,
]);

type Refusal = z.infer<typeof refusal>;

/** The child lies beside this file: as TypeScript in the sources, as JavaScript beside the bundle. */
const child = fileURLToPath(
  new URL(`direct-io-child.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url),
);

export function startChild(): RunningConversation {
  return converse(process.execPath, [child]);
}

async function put<T>(
  ask: Ask,
  request: ChildRequest,
  schema: z.ZodType<T | Refusal>,
  { signal }: Bounds,
): Promise<T | Refusal> {
  const result = await ask(JSON.stringify(request), signal);
  const answer = schema.safeParse(jsonOf(result.stdout));
  if (answer.success) return answer.data;
  const said = result.stderr.trim().slice(-500) || result.stdout.slice(0, 500);
  return { ok: false, code: "NO_ANSWER", message: `the child ended with ${result.exitCode ?? result.signal}: ${said}` };
}

/**
 * A child that holds the verified device open until its conversation ends: until then the device's name belongs to no
 * other one (V33).
 */
export async function holdDevice(
  talk: (signal: AbortSignal) => Promise<Conversation>,
  device: DeviceIdentity,
  bounds: Bounds,
): Promise<Conversation> {
  const { path } = device;
  const conversation = await talk(bounds.signal);
  try {
    const answer = await put(conversation.ask, { op: "hold", path, expect: expectationOf(device) }, doneAnswer, bounds);
    if (answer.ok) return conversation;
    throw failure("unavailable", { cannot: `hold ${path}`, rule: answer.message, got: answer.code });
  } catch (error) {
    conversation.end();
    throw error;
  }
}

/** Has a child close what it holds; whether it says so. */
export async function letGo(ask: Ask, bounds: Bounds): Promise<boolean> {
  return (await put(ask, { op: "release" }, doneAnswer, bounds)).ok;
}

/** Reads all regions of a device or file directly and says where the first byte is that is not zero. */
export async function readRegions(ask: Ask, request: RegionsRequest, bounds: Bounds): Promise<RegionsReading> {
  const regions = request.regions.map(({ offset, length }) => ({ offset: String(offset), length }));
  const wanted = (request.blocks ?? []).map(String);
  const answer = await put(ask, { op: "read", ...request, regions, blocks: wanted }, readAnswer, bounds);
  if (!answer.ok) return { kind: "unreadable", code: answer.code, reason: answer.message };
  const { firstNonZero, blocks } = answer;
  if (blocks.length !== wanted.length) {
    return {
      kind: "unreadable",
      code: "NO_ANSWER",
      reason: `${wanted.length} blocks were asked for; got ${blocks.length}`,
    };
  }
  return { kind: "read", ...(firstNonZero !== null && { firstNonZero: BigInt(firstNonZero) }), blocks };
}

export interface BlockSwap {
  readonly path: string;
  readonly expect: Expectation;
  /** A multiple of 4 KiB. */
  readonly offset: bigint;
  /** 4 KiB: what must be there, and what is to be there. */
  readonly from: Buffer;
  readonly to: Buffer;
}

/**
 * Replaces a block of a device that nothing else holds, on the medium when this returns. False: the block holds something
 * else than `from`, and still does.
 */
export async function swapBlock(ask: Ask, swap: BlockSwap, bounds: Bounds): Promise<boolean> {
  const { path, expect, offset, from, to } = swap;
  const contents = { from: from.toString("base64"), to: to.toString("base64") };
  const answer = await put(ask, { op: "swap", path, expect, offset: String(offset), ...contents }, doneAnswer, bounds);
  if (answer.ok) return true;
  if (answer.code === "CHANGED") return false;
  throw failure("unavailable", { cannot: `write a block of ${path}`, rule: answer.message, got: answer.code });
}

/** A device that is not there, or whose name belongs to another one by now. */
const gone = ["ENOENT", "ENXIO", "ENODEV", "WRONG_DEVICE"];

/**
 * Whether nothing in the kernel holds the device exclusively (R8, V15): EBUSY is false. A device that is gone is true:
 * nothing can be holding it under this name. What still holds a vanished device shows under /sys/fs, not here; and a
 * name is given to another device only after the last holder let go. Any other error is no answer and is thrown.
 */
export async function canClaim(ask: Ask, device: DeviceIdentity, bounds: Bounds): Promise<boolean> {
  const { path } = device;
  const expect = expectationOf(device);
  const reading = await readRegions(ask, { path, expect, exclusive: true, regions: [] }, bounds);
  if (reading.kind === "read" || gone.includes(reading.code)) return true;
  if (reading.code === "EBUSY") return false;
  throw failure("unavailable", { cannot: `claim ${path}`, rule: reading.reason, got: reading.code });
}

/** Runs a program in a child that holds a device. The exit status is data, as with every `Exec`. */
export async function runHolding(
  ask: Ask,
  [file, ...args]: readonly [string, ...string[]],
  bounds: Bounds,
): Promise<ExecResult> {
  const answer = await put(ask, { op: "run", file, args }, runAnswer, bounds);
  if (!answer.ok) throw failure("unavailable", { cannot: `run ${file}`, rule: answer.message, got: answer.code });
  const { exitCode, signal, stdout, stderr } = answer;
  return { exitCode: exitCode ?? undefined, signal: signal ?? undefined, stdout, stderr };
}

/** `runHolding` for what takes an `Exec`; nothing of it reads standard input. */
export function execHolding(ask: Ask): Exec {
  return async (file, args, bounds) => await runHolding(ask, [file, ...args], bounds);
}

/** Writes kernel attributes whose writers block, each only if the files beside it say what is expected. */
export async function writeGuarded(ask: Ask, writes: readonly GuardedWrite[], bounds: Bounds): Promise<void> {
  const answer = await put(ask, { op: "write", writes }, doneAnswer, bounds);
  if (answer.ok) return;
  const paths = writes.map(({ path }) => path).join(", ");
  throw failure("unavailable", { cannot: `write ${paths}`, rule: answer.message, got: answer.code });
}
