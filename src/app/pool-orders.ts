/**
 * Orders for pools, given to whoever owns them: an agent in this process, or the driver that serves them, over its socket
 * (`admin.sock` in the agent's state directory). One table says what goes over the wire for both ends.
 */
import { join } from "node:path";
import * as z from "zod";
import type { Bytes } from "../domain/capacity.ts";
import { failure } from "../domain/errors.ts";
import { parseVolumeId, type VolumeId } from "../domain/identity.ts";
import { askJson, serveJson, type Route } from "../host/json-socket.ts";
import type { DeletedVolume } from "../target-agent/deleted-volumes.ts";
import type { Imported, ImportRequest } from "../target-agent/import-volume.ts";

/** Of a volume that is back. */
interface Restored {
  readonly id: VolumeId;
  readonly name: string;
  readonly size: Bytes;
}

export interface PoolOrders {
  deleted(pool: string, signal: AbortSignal): Promise<readonly DeletedVolume[]>;
  undelete(pool: string, id: VolumeId, signal: AbortSignal): Promise<Restored>;
  import(pool: string, request: ImportRequest, signal: AbortSignal): Promise<Imported>;
}

const id = z.string().transform((text, context): VolumeId => {
  const parsed = parseVolumeId(text);
  if (parsed !== undefined) return parsed;
  context.addIssue("must be the id of a volume");
  return z.NEVER;
});
const size = z.string().regex(/^\d+$/).transform(BigInt);
const time = z.iso.datetime().transform((text) => new Date(text));
const pool = z.string();

const calls = {
  deleted: {
    call: "GET /deleted",
    question: z.strictObject({ pool }),
    answer: z.array(z.strictObject({ id, name: z.string(), size, deletedAt: time, until: time })),
  },
  undelete: {
    call: "POST /undelete",
    question: z.strictObject({ pool, id }),
    answer: z.strictObject({ id, name: z.string(), size }),
  },
  import: {
    call: "POST /import",
    question: z.strictObject({ pool, name: z.string().min(1), original: z.string().min(1) }),
    answer: z.strictObject({ id, size, type: z.string() }),
  },
} as const;

/** Of the process that owns the agent. */
export function adminSocket(stateDir: string): string {
  return join(stateDir, "agent", "admin.sock");
}

/** Takes orders at `path` until it is disposed of. */
export async function serveOrders(path: string, pools: PoolOrders): Promise<AsyncDisposable> {
  return await serveJson(path, {
    [calls.deleted.call]: route(calls.deleted.question, async (asked, signal) => pools.deleted(asked.pool, signal)),
    [calls.undelete.call]: route(calls.undelete.question, async (asked, signal) => {
      const { id, name, size } = await pools.undelete(asked.pool, asked.id, signal);
      return { id, name, size };
    }),
    [calls.import.call]: route(calls.import.question, async ({ pool, ...request }, signal) =>
      pools.import(pool, request, signal),
    ),
  });
}

function route<S extends z.ZodType>(
  question: S,
  work: (asked: z.infer<S>, signal: AbortSignal) => Promise<unknown>,
): Route {
  return async (asked, signal) => {
    const parsed = question.safeParse(asked);
    if (parsed.success) return forJson(await work(parsed.data, signal));
    throw failure("invalid_argument", { cannot: "take an order", rule: z.prettifyError(parsed.error) });
  };
}

function forJson(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, field: unknown) => (typeof field === "bigint" ? String(field) : field)),
  );
}

/** The driver that serves `path`. */
export function ordersOver(path: string): PoolOrders {
  const ask = async <S extends z.ZodType>(
    { call, answer }: { readonly call: string; readonly answer: S },
    question: object,
    signal: AbortSignal,
  ): Promise<z.infer<S>> => answer.parse(await askJson(path, call, question, signal));
  return {
    deleted: async (pool, signal) => ask(calls.deleted, { pool }, signal),
    undelete: async (pool, id, signal) => ask(calls.undelete, { pool, id }, signal),
    import: async (pool, request, signal) => ask(calls.import, { pool, ...request }, signal),
  };
}
