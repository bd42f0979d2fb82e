/** Where options come from besides the environment: the command line and the file. Values are not looked at here. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { failure } from "../domain/errors.ts";

/** Any mistake in the configuration. */
export function wrongConfig(rule: string, got: unknown, cause?: unknown) {
  return failure("invalid_argument", { cannot: "start", rule, got, cause });
}

interface CommandLine {
  readonly words: readonly string[];
  /** By name without dashes; a repeated flag's last value. */
  readonly flags: ReadonlyMap<string, string>;
}

/** Flags that all take a value, and words. An unknown flag is an error that names it and the known ones. */
export function readCommandLine(argv: readonly string[], known: readonly string[]): CommandLine {
  const options = Object.fromEntries(known.map((name) => [name, { type: "string" as const }]));
  // Not strict: its errors quote neither the known flags nor the value.
  const { positionals, tokens } = parseArgs({
    args: [...argv],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const flags = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    if (!known.includes(name)) {
      throw wrongConfig(`the options are ${known.map((flag) => `--${flag}`).join(", ")}`, rawName);
    }
    if (value === undefined || (!inlineValue && value.startsWith("--"))) {
      throw wrongConfig(`${rawName} must have a value; got nothing`, undefined);
    }
    flags.set(name, value);
  }
  return { words: positionals, flags };
}

/** The object in a JSON file. An unknown key is an error that names it and the known ones. */
export function readConfigFile(file: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  const content = parseObject(file);
  const unknown = Object.keys(content).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw wrongConfig(`the keys of the --config file ${file} are ${known.join(", ")}`, unknown);
  }
  return content;
}

/** Errors of the JSON parser quote the file, so they are not passed on. */
function parseObject(file: string): Readonly<Record<string, unknown>> {
  const text = readText(file);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below.
  }
  throw wrongConfig("--config must be a file with a JSON object", file);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const { code = "unreadable" } = cause as NodeJS.ErrnoException;
    throw wrongConfig(`--config must be a readable file: ${code}`, file, cause);
  }
}
