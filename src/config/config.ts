/**
 * Configuration: flags over environment over file over defaults, checked once at start by one schema and frozen. The
 * only reader of the environment. A wrong value stops the start with a message that names the option, the rule and the
 * value. An option that is a secret must not come to the schema as a value, but as the name of a file.
 */
import { hostname } from "node:os";
import * as z from "zod";
import type { ClusterId } from "../domain/identity.ts";
import type { Portal } from "../domain/model.ts";
import { defaultPool, parsePools, type PoolSettings } from "../domain/pool-settings.ts";
import { formatPortal, parsePortal } from "../domain/portal.ts";
import { parseSegments, segmentsRule, type Segments } from "../domain/topology.ts";
import { readCommandLine, readConfigFile, wrongConfig } from "./sources.ts";

export const modes = ["all-in-one", "controller", "node"] as const;
export type Mode = (typeof modes)[number];

const text = z.string("must be a text");
const path = text.startsWith("/", "must be an absolute path");
const portal = z.string().transform((word, context): Portal => {
  const parsed = parsePortal(word);
  if (parsed !== undefined) return parsed;
  context.addIssue("must be address:port, for example 192.0.2.1:4420 or [2001:db8::1]:4420");
  return z.NEVER;
});

const wholeNumber = (least: number, most: number) => {
  const rule = `must be a whole number from ${least} to ${most}`;
  const number = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)], rule);
  return number.pipe(z.int(rule).min(least, rule).max(most, rule));
};
const oneOf = <const Names extends readonly string[]>(names: Names) =>
  z.enum(names, `must be one of ${names.join(", ")}`);
const isNotBlank = (word: string) => word.trim() !== "";
const clusterRule = "is required without --kubernetes: it names the cluster and must never change";
/** An option that may be left out: the empty text is nothing. */
const optional = <T>(schema: z.ZodType<T, string>) =>
  text.transform((word) => (word === "" ? undefined : word)).pipe(schema.optional());

/** The kernel's limit for the path of a unix socket, its terminating NUL not counted. */
const socketPathBytes = 107;

/** What an option is when no source has a value; `clusterId` has no default. */
const defaults = {
  csiEndpoint: "unix:///run/nvmetcp-csi/csi.sock",
  kubernetes: "false",
  backend: "nvmet",
  nodeName: hostname(),
  stateDir: "/var/lib/nvmetcp-csi",
  pool: "/var/lib/nvmetcp-csi/pool",
  pools: "",
  registrationDir: "",
  healthEndpoint: "",
  portals: "127.0.0.1:4420",
  maxVolumes: "0",
  topology: "",
  reconnectDelay: "2",
  keepAlive: "5",
  logLevel: "info",
} as const;

/** The rule of every option. Values arrive as text, from flags, environment and file alike. */
const schema = z.object({
  clusterId: text
    .refine(isNotBlank, "must not be empty")
    .max(128, "must have at most 128 characters")
    .transform((word) => word as ClusterId)
    .optional(),
  kubernetes: oneOf(["true", "false"]).transform((word) => word === "true"),
  csiEndpoint: text
    .regex(/^unix:\/\/\/.+/, "must be a unix socket such as unix:///run/nvmetcp-csi/csi.sock")
    .transform((url) => url.slice("unix://".length))
    .refine(
      (socket) => Buffer.byteLength(socket) <= socketPathBytes,
      `must have a path of at most ${socketPathBytes} bytes, as the kernel takes no longer one for a socket`,
    ),
  backend: oneOf(["nvmet", "memory"]),
  nodeName: text.refine(isNotBlank, "must not be empty"),
  stateDir: path,
  pool: path,
  pools: z.unknown().transform((value, context): readonly PoolSettings[] | undefined => {
    if (value === "") return undefined;
    const parsed = parsePools(value);
    if ("pools" in parsed) return parsed.pools;
    context.addIssue(parsed.wrong);
    return z.NEVER;
  }),
  registrationDir: optional(path),
  healthEndpoint: optional(portal),
  portals: text
    .transform((list) => list.split(","))
    .pipe(z.array(portal).min(1).max(16))
    .refine((list) => new Set(list.map(formatPortal)).size === list.length, "must not name a portal twice"),
  maxVolumes: wholeNumber(0, 1_000_000),
  topology: optional(
    text.transform((word, context): Segments => {
      const parsed = parseSegments(word);
      if (parsed !== undefined) return parsed;
      context.addIssue(`${segmentsRule}: key=value,…`);
      return z.NEVER;
    }),
  ),
  reconnectDelay: wholeNumber(1, 60),
  keepAlive: wholeNumber(1, 120),
  logLevel: oneOf(["debug", "info", "warn", "error"]),
});

export type Options = Omit<Readonly<z.output<typeof schema>>, "pool" | "pools"> & {
  readonly pools: readonly PoolSettings[];
};
export type Config = Options & { readonly mode: Mode };

/** One line per option for `--help`. */
const help: Readonly<Record<keyof z.input<typeof schema>, string>> = {
  clusterId: "names the cluster; required without kubernetes; never change it",
  kubernetes: "true in a pod: the cluster names itself, and failures are told as events; not for mode node",
  csiEndpoint: "unix socket to serve CSI on",
  backend: "nvmet, or memory for tests",
  nodeName: "name of this node",
  stateDir: "directory for what this host remembers",
  pool: "directory on xfs or btrfs that holds the volumes: the pool default, where pools names none",
  pools: "the pools by name, as JSON; see docs/pools.md",
  registrationDir: "the kubelet's plugins_registry, to register there; not for mode controller",
  healthEndpoint: "address:port of GET /healthz and /readyz",
  portals: "address:port,… on which the target listens",
  maxVolumes: "volumes this node takes at most; 0 = no limit",
  topology: "where this node is: key=value,… as Kubernetes labels are written",
  reconnectDelay: "seconds between attempts to reconnect to a target",
  keepAlive: "seconds of silence after which a connection to a target counts as lost",
  logLevel: "debug, info, warn or error",
};
const options = Object.keys(help) as readonly (keyof typeof help)[];

const flagOf = (option: string) => option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const variableOf = (option: string) => `NVMETCP_${flagOf(option).replaceAll("-", "_").toUpperCase()}`;

/** As a person gives it. */
export const namesOf = (option: string) => `--${flagOf(option)} (${variableOf(option)})`;

export function usage(): string {
  const values: Readonly<Record<string, string>> = defaults;
  const lines = options.map((option) => {
    const names = `  --${flagOf(option).padEnd(16)} ${variableOf(option).padEnd(24)} ${option.padEnd(15)}`;
    return `${names} ${help[option]}${option in values ? ` [${values[option] ?? ""}]` : ""}`;
  });
  return [
    "usage: nvmetcp-csi MODE [options]",
    "       nvmetcp-csi adopt POOL [options]    takes over a pool that another machine served (docs/pools.md)",
    "       nvmetcp-csi import POOL NAME ORIGINAL [options]    makes a volume of an existing file or thin volume",
    "       nvmetcp-csi deleted POOL [options]    lists deleted volumes that can still be had back",
    "       nvmetcp-csi undelete POOL VOLUME [options]    brings one back, by its volume_id",
    `MODE is ${modes.join(", ")}. An option is a flag, an environment variable or a key of the JSON file --config FILE,`,
    "in this order; its default is in brackets.",
    ...lines,
  ].join("\n");
}

/** The frozen configuration, or an invalid_argument error that names the option and the value. */
export function loadConfig(argv: readonly string[], environment: Readonly<Record<string, string | undefined>>): Config {
  const { words, flags } = readCommandLine(argv, [...options.map(flagOf), "config"]);
  const mode = modes.find((name) => name === words[0]);
  if (mode === undefined || words.length !== 1) throw wrongConfig(`the mode must be one of ${modes.join(", ")}`, words);
  return whole({ ...readOptions(flags, environment), mode });
}

/** The words before the options, and what the options are. */
export function readArguments(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): { readonly words: readonly string[]; readonly given: Options } {
  const { words, flags } = readCommandLine(argv, [...options.map(flagOf), "config"]);
  return { words, given: readOptions(flags, environment) };
}

function readOptions(
  flags: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
): Options {
  const file = flags.get("config");
  const values: Readonly<Record<string, unknown>> = {
    ...defaults,
    ...(file !== undefined && readConfigFile(file, options)),
    ...given((option) => environment[variableOf(option)]),
    ...given((option) => flags.get(flagOf(option))),
  };
  const parsed = schema.safeParse(values);
  if (parsed.success) {
    const { pool, pools = [defaultPool(pool)], ...rest } = parsed.data;
    return { ...rest, pools };
  }
  const [issue] = parsed.error.issues;
  const option = String(issue?.path[0]);
  const [got, end] = option in values ? [values[option], ""] : [undefined, "; got nothing"];
  throw wrongConfig(`${namesOf(option)} ${issue?.message ?? "is invalid"}${end}`, got);
}

/** Rules for several options at once. */
function whole(config: Config): Config {
  const isAlone = config.mode === "node" || !config.kubernetes;
  if (config.clusterId === undefined && isAlone)
    throw wrongConfig(`${namesOf("clusterId")} ${clusterRule}; got nothing`, undefined);
  if (config.mode === "node" && config.kubernetes)
    throw wrongConfig(`${namesOf("kubernetes")} is not for mode node`, "true");
  if (config.mode === "controller" && config.registrationDir !== undefined) {
    throw wrongConfig(`${namesOf("registrationDir")} is not for mode controller`, config.registrationDir);
  }
  return Object.freeze(config);
}

/** The options that a source has a value for. */
function given(valueOf: (option: string) => string | undefined): Readonly<Record<string, string>> {
  const pairs = options.map((option) => [option, valueOf(option)] as const);
  return Object.fromEntries(
    pairs.filter((pair): pair is readonly [keyof typeof help, string] => pair[1] !== undefined),
  );
}
