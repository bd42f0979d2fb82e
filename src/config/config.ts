/**
 * Configuration: flags over environment over file over defaults, checked once at start by one schema and frozen. The
 * only reader of the environment. A wrong value stops the start with a message that names the option.
 */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";
import { failure, messageOf } from "../domain/errors.ts";
import type { ClusterId } from "../domain/identity.ts";
import type { Portal } from "../domain/model.ts";
import { formatPortal, parsePortal } from "../domain/portal.ts";

export const modes = ["all-in-one", "controller", "node"] as const;
export type Mode = (typeof modes)[number];

const path = z.string().startsWith("/", "must be an absolute path");
const portal = z.string().transform((text, context): Portal => {
  const parsed = parsePortal(text);
  if (parsed !== undefined) return parsed;
  context.addIssue("must be address:port, for example 192.0.2.1:4420 or [2001:db8::1]:4420");
  return z.NEVER;
});

const count = z
  .union([z.number(), z.string().regex(/^\d+$/, "must be a whole number").transform(Number)])
  .pipe(z.int().min(0).max(1_000_000));
const seconds = (most: number) => count.pipe(z.int().min(1).max(most));

/** What an option is when no source has a value; `clusterId` has no default. */
const defaults = {
  csiEndpoint: "unix:///run/nvmetcp-csi/csi.sock",
  backend: "nvmet",
  nodeName: hostname(),
  stateDir: "/var/lib/nvmetcp-csi",
  pool: "/var/lib/nvmetcp-csi/pool",
  portals: "127.0.0.1:4420",
  maxVolumes: "0",
  reconnectDelay: "2",
  keepAlive: "5",
  logLevel: "info",
} as const;

/** The rule of every option. Values arrive as text, from flags, environment and file alike. */
const schema = z.strictObject({
  clusterId: z
    .string("is required: it names the cluster and must never change")
    .min(1, "must not be empty")
    .max(128, "must have at most 128 characters")
    .transform((text) => text as ClusterId),
  csiEndpoint: z
    .string()
    .regex(/^unix:\/\/\/.+/, "must be a unix socket such as unix:///run/nvmetcp-csi/csi.sock")
    .transform((url) => url.slice("unix://".length)),
  backend: z.enum(["nvmet", "memory"]),
  nodeName: z.string().min(1, "must not be empty"),
  stateDir: path,
  pool: path,
  portals: z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(portal).min(1).max(16))
    .refine((list) => new Set(list.map(formatPortal)).size === list.length, "must not name a portal twice"),
  maxVolumes: count,
  reconnectDelay: seconds(60),
  keepAlive: seconds(120),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
});

export type Config = Readonly<z.output<typeof schema>> & { readonly mode: Mode };

/** One line per option for `--help`. */
const help: Readonly<Record<keyof z.input<typeof schema>, string>> = {
  clusterId: "names the cluster; required; never change it",
  csiEndpoint: "unix socket to serve CSI on",
  backend: "nvmet, or memory for tests",
  nodeName: "name of this node",
  stateDir: "directory for what this host remembers",
  pool: "directory on xfs or btrfs that holds the volumes",
  portals: "address:port,… on which the target listens",
  maxVolumes: "volumes this node takes at most; 0 = no limit",
  reconnectDelay: "seconds between attempts to reconnect to a target",
  keepAlive: "seconds of silence after which a connection to a target counts as lost",
  logLevel: "debug, info, warn or error",
};
const options = Object.keys(help) as readonly (keyof typeof help)[];

const flagOf = (option: string) => option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const variableOf = (option: string) => `NVMETCP_${flagOf(option).replaceAll("-", "_").toUpperCase()}`;

export function usage(): string {
  const values: Readonly<Record<string, string>> = defaults;
  const lines = options.map((option) => {
    const names = `  --${flagOf(option).padEnd(16)} ${variableOf(option).padEnd(24)} ${option.padEnd(15)}`;
    return `${names} ${help[option]}${option in values ? ` [${values[option] ?? ""}]` : ""}`;
  });
  return [
    "usage: nvmetcp-csi MODE [options]",
    `MODE is ${modes.join(", ")}. An option is a flag, an environment variable or a key of the JSON file --config FILE,`,
    "in this order; its default is in brackets.",
    ...lines,
  ].join("\n");
}

/** The frozen configuration, or an invalid_argument error that names the option. */
export function loadConfig(argv: readonly string[], environment: Readonly<Record<string, string | undefined>>): Config {
  const { flags, mode, file } = readFlags(argv);
  const fromEnvironment = given((option) => environment[variableOf(option)]);
  const fromFile = file === undefined ? {} : readFile(file);
  const parsed = schema.safeParse({ ...defaults, ...fromFile, ...fromEnvironment, ...flags });
  if (parsed.success) return Object.freeze({ ...parsed.data, mode });
  const [issue] = parsed.error.issues;
  throw wrong(String(issue?.path[0] ?? "configuration"), issue?.message ?? "is invalid");
}

const flagSpec = Object.fromEntries(
  [...options.map(flagOf), "config"].map((flag) => [flag, { type: "string" as const }]),
);

function readFlags(argv: readonly string[]) {
  const { positionals, values } = parseFlags(argv);
  const mode = modes.find((name) => name === positionals[0]);
  if (mode === undefined || positionals.length !== 1) {
    const rule = `the mode must be one of ${modes.join(", ")}`;
    throw failure("invalid_argument", { cannot: "start", rule, got: positionals });
  }
  return { mode, file: values["config"], flags: given((option) => values[flagOf(option)]) };
}

/** The options that a source has a value for. */
function given(valueOf: (option: string) => unknown): Readonly<Record<string, unknown>> {
  const pairs = options.map((option) => [option, valueOf(option)] as const);
  return Object.fromEntries<unknown>(pairs.filter(([, value]) => value !== undefined));
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flagSpec, allowPositionals: true });
  } catch (cause) {
    throw failure("invalid_argument", { cannot: "start", rule: messageOf(cause), cause });
  }
}

function readFile(file: string): object {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw failure("invalid_argument", {
      cannot: "start",
      rule: `--config must be a readable JSON object`,
      got: file,
      cause,
    });
  }
}

function wrong(option: string, message: string) {
  const names = `--${flagOf(option)} (${variableOf(option)})`;
  return failure("invalid_argument", { cannot: "start", rule: `${names} ${message}` });
}
