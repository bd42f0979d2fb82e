/** Orders of a person at the machine of a pool, as they are written: the order, the name of the pool, and what it takes. */
import type { PoolSettings } from "../domain/pool-settings.ts";
import { assertNever } from "../lib/assert-never.ts";
import { readArguments, type Options } from "./config.ts";
import { wrongConfig } from "./sources.ts";

interface OrderBase extends Pick<Options, "stateDir" | "nodeName" | "pools"> {
  readonly pool: string;
}

/** `adopt POOL`: take over a pool, which no driver serves meanwhile. */
export interface Adoption extends OrderBase {
  readonly order: "adopt";
}

/** An order for a pool that a driver of this machine may serve; that one knows where it is, and whose. */
export type PoolOrder = OrderBase & { readonly clusterId: Options["clusterId"] } & (
    | { readonly order: "import"; readonly name: string; readonly original: string }
    | { readonly order: "undelete"; readonly volume: string }
    | { readonly order: "deleted" }
  );

/** What each order takes besides the name of a pool. */
const takes = {
  adopt: [],
  import: ["the name of the volume", "what to make it of"],
  undelete: ["the volume"],
  deleted: [],
} as const;
export const orders = Object.keys(takes) as readonly (keyof typeof takes)[];

/** The order, or an invalid_argument error that says what it takes. */
export function loadOrder(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Adoption | PoolOrder {
  const { words, given } = readArguments(argv, environment);
  const { pools, stateDir, nodeName, clusterId } = given;
  const [word, pool, ...more] = words;
  const order = orders.find((one) => one === word);
  if (order === undefined) throw wrongConfig(`the order must be one of ${orders.join(", ")}`, words);
  const base = { pool: pool ?? "", pools, stateDir, nodeName };
  if (pool === undefined || order === "adopt") settingsOf({ ...base, order });
  if (more.length !== takes[order].length) {
    throw wrongConfig(`${order} takes ${["the name of a pool", ...takes[order]].join(", ")}`, words.slice(1));
  }
  const [first = "", second = ""] = more;
  switch (order) {
    case "adopt":
      return { ...base, order };
    case "import":
      return { ...base, order, clusterId, name: first, original: second };
    case "undelete":
      return { ...base, order, clusterId, volume: first };
    case "deleted":
      return { ...base, order, clusterId };
    default:
      return assertNever(order);
  }
}

/** The pool of an order as it is configured, or an invalid_argument error. */
export function settingsOf({
  order,
  pool,
  pools,
}: Pick<OrderBase, "pool" | "pools"> & { order: string }): PoolSettings {
  const found = pools.find((one) => one.name === pool);
  if (found !== undefined) return found;
  throw wrongConfig(`${order} must be followed by one of ${pools.map(({ name }) => name).join(", ")}`, pool);
}
