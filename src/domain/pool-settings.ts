/**
 * The pools that a target serves, as they are configured: by name, what each is made of and what it may promise.
 *
 *   { "default": { "layer": "file", "path": "/var/lib/nvmetcp-csi/pool" },
 *     "fast": { "layer": "lvm-thin", "volumeGroup": "vg0", "thinPool": "thin", "overcommitPercent": 150 } }
 */
import * as z from "zod";
import { poolNamePattern, poolNameRule } from "./class-parameters.ts";
import { jsonOf } from "./json-of.ts";
import { segments } from "./topology.ts";

const rule = (from: number, to: number) => `must be a whole number from ${from} to ${to}`;
const whole = (from: number, to: number) => z.int(rule(from, to)).min(from, rule(from, to)).max(to, rule(from, to));
/** A year. */
const longestGrace = 366 * 24 * 60;
const limits = {
  /** What may be promised, of what the pool can hold. */
  overcommitPercent: whole(100, 10_000).default(100),
  /** How full the pool may be when something new is made. */
  watermarkPercent: whole(1, 100).exactOptional(),
  /** How long a deleted volume can be had back, unless its room is needed before; not at all unless given. */
  deletionGraceMinutes: whole(0, longestGrace).default(0),
  /** Which nodes can reach it: those that have these segments; all of them unless given. */
  topology: segments.default({}),
};
const absolutePath = z.string("must be a text").startsWith("/", "must be an absolute path");
/** As lvm(8) has it; `-` first would be an option. */
const lvmName = z
  .string("must be a text")
  .regex(/^[A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,59}$/, "must be 1 to 60 of a-z, A-Z, 0-9, +, _, . and -, not - first")
  .refine((name) => name !== "." && name !== "..", "must not be . or ..");

/** Thin pools are not repaired while they serve, so some of their metadata stays free. */
const thinWatermark = 95;

const settings = z.discriminatedUnion(
  "layer",
  [
    z.strictObject({ layer: z.literal("file"), path: absolutePath, ...limits }),
    z.strictObject({ layer: z.literal("lvm-thin"), volumeGroup: lvmName, thinPool: lvmName, ...limits }),
  ],
  "must be file or lvm-thin",
);
const pools = z
  .record(z.string(), settings, "must be an object")
  .superRefine((all, context) => {
    const wrong = Object.keys(all).find((name) => !poolNamePattern.test(name));
    if (wrong !== undefined) context.addIssue({ code: "custom", path: [wrong], message: `a name is ${poolNameRule}` });
  })
  .refine((all) => Object.keys(all).length > 0, "must name a pool")
  .transform((all) =>
    Object.entries(all).map(([name, { watermarkPercent, ...rest }]) => {
      return { name, ...rest, watermarkPercent: watermarkPercent ?? (rest.layer === "file" ? 100 : thinWatermark) };
    }),
  );

export type PoolSettings = Readonly<z.output<typeof pools>[number]>;

/** Where a pool is; two pools must not be at one place. */
export function placeOf(pool: PoolSettings): string {
  return pool.layer === "file" ? pool.path : `${pool.volumeGroup}/${pool.thinPool}`;
}

/** One directory of files, as a configuration that names no pools has it. */
export function defaultPool(path: string): PoolSettings {
  const limits = { overcommitPercent: 100, watermarkPercent: 100, deletionGraceMinutes: 0, topology: {} };
  return { name: "default", layer: "file", path, ...limits };
}

/** The pools of a JSON object or its text; or what is wrong, in words that follow the name of the option. */
export function parsePools(value: unknown): { readonly pools: readonly PoolSettings[] } | { readonly wrong: string } {
  const json = typeof value === "string" ? jsonOf(value) : value;
  if (json === undefined) return { wrong: "must be JSON" };
  const parsed = pools.safeParse(json);
  if (!parsed.success) return { wrong: sentence(parsed.error.issues[0]) };
  const twice = parsed.data.find((pool, index) => parsed.data.findIndex((o) => placeOf(o) === placeOf(pool)) < index);
  return twice === undefined ? { pools: parsed.data } : { wrong: `must not name ${placeOf(twice)} twice` };
}

function sentence(issue: z.core.$ZodIssue | undefined): string {
  const { path = [], message = "is invalid" } = issue ?? {};
  return path.length === 0 ? message : `is wrong at ${path.join(".")}: ${message}`;
}
