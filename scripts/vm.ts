/**
 * npm run vm -- [--direct] [--memory MiB] [--disk SIZE]... COMMAND...
 * Runs a command in a fresh machine with the NVMe/TCP kernel, in the project's directory; its exit status is ours.
 * 1. Ctrl-C ends the command, a second one the machine. On a terminal Ctrl-C belongs to the guest's, and Ctrl-] ends
 *    the machine.
 * 2. Nothing is left afterwards, whatever way it ends (see test/lab/scratch.ts and qemu.ts).
 */
import { constants } from "node:os";
import { parseArgs } from "node:util";
import type { ExitStatus } from "../test/lab/channel.ts";
import type { Machine, MachineOptions } from "../test/lab/machine.ts";
import { startLab } from "../test/lab/start-lab.ts";
import { readOptions } from "./read-options.ts";

const usage = "npm run vm -- [--direct] [--memory MiB] [--disk SIZE]... COMMAND..., SIZE is like 512M or 4G";
const escapeByte = 0x1d;

interface Request {
  readonly command: readonly [string, ...string[]];
  readonly machine: MachineOptions;
  readonly direct: boolean;
}

function readRequest(argv: readonly string[]): Request {
  // The options end at the command's first word; what follows is the command's own.
  const withValue = ["--memory", "--disk"];
  let end = 0;
  while (argv[end]?.startsWith("-") === true && argv[end] !== "--") end += withValue.includes(argv[end] ?? "") ? 2 : 1;
  const { values } = parseArgs({
    args: argv.slice(0, end),
    options: {
      direct: { type: "boolean", default: false },
      memory: { type: "string", default: "1024" },
      disk: { type: "string", multiple: true, default: [] },
    },
  });
  const [program, ...rest] = argv.slice(argv[end] === "--" ? end + 1 : end);
  if (program === undefined) throw new Error("a command is needed");
  if (!/^[1-9]\d*$/.test(values.memory)) throw new Error(`--memory is in MiB; got '${values.memory}'`);
  const memoryMiB = Number(values.memory);
  const disks = values.disk.map((size) => ({ sizeMiB: mebibytes(size) }));
  return { command: [program, ...rest], machine: { memoryMiB, disks }, direct: values.direct };
}

function mebibytes(size: string): number {
  const [, digits, unit] = /^(\d+)([MG])i?B?$/.exec(size) ?? [];
  if (digits === undefined) throw new Error(`--disk is a size like 512M or 4G; got '${size}'`);
  return Number(digits) * (unit === "G" ? 1024 : 1);
}

/** Each Ctrl-C of the terminal, or signal of a supervisor, in turn. */
function onInterrupt(handle: (signal: NodeJS.Signals, count: number) => void): void {
  let count = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => handle(signal, ++count));
}

/** Pipes: standard input goes in, both outputs come out apart. */
async function runPiped(machine: Machine, command: readonly string[], kill: AbortController): Promise<ExitStatus> {
  const spawned = await machine.spawn(command, {
    signal: kill.signal,
    ...(process.stdin.isTTY ? {} : { stdin: process.stdin as AsyncIterable<Uint8Array> }),
    onStdout: (chunk) => void process.stdout.write(chunk),
    onStderr: (chunk) => void process.stderr.write(chunk),
  });
  onInterrupt((signal, count) => {
    if (count > 1) kill.abort();
    else spawned.kill(signal).catch(() => kill.abort());
  });
  return spawned.exited;
}

/** A terminal of the guest's own, tied to ours byte by byte. */
async function runOnTerminal(machine: Machine, command: readonly string[], kill: AbortController): Promise<ExitStatus> {
  const { columns, rows } = process.stdout;
  // script(1) takes its command as text for a shell, which sets the terminal's size before it becomes the command.
  const start = `stty cols ${columns} rows ${rows}; tty > /run/vm-tty; exec ${command.map(quote).join(" ")}`;
  console.error("vm: Ctrl-] ends the machine");
  onInterrupt(() => kill.abort());
  process.stdin.setRawMode(true);
  try {
    const spawned = await machine.spawn(["script", "-qec", start, "/dev/null"], {
      signal: kill.signal,
      env: { TERM: process.env["TERM"] ?? "dumb" },
      stdin: keys(kill),
      onStdout: (chunk) => void process.stdout.write(chunk),
      onStderr: (chunk) => void process.stderr.write(chunk),
    });
    process.stdout.on("resize", () => {
      const size = `stty -F "$(< /run/vm-tty)" cols ${process.stdout.columns} rows ${process.stdout.rows}`;
      machine.sh(size).catch(() => undefined);
    });
    return await spawned.exited;
  } finally {
    process.stdin.setRawMode(false);
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

async function* keys(kill: AbortController): AsyncGenerator<Uint8Array> {
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    if (chunk.includes(escapeByte)) kill.abort();
    yield chunk;
  }
}

async function main({ command, machine: options, direct }: Request): Promise<void> {
  if (direct) process.env["LAB"] = "direct";
  const kill = new AbortController();
  const beforeStart = () => kill.abort();
  process.once("SIGINT", beforeStart).once("SIGTERM", beforeStart);
  await using machine = await startLab({ ...options, signal: kill.signal });
  process.off("SIGINT", beforeStart).off("SIGTERM", beforeStart);
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  const status = await (terminal ? runOnTerminal : runPiped)(machine, command, kill);
  const signal = status.signal as NodeJS.Signals | undefined;
  process.exitCode = status.exitCode ?? 128 + (signal === undefined ? 0 : constants.signals[signal]);
}

const request = readOptions(usage, () => readRequest(process.argv.slice(2)));
try {
  await main(request);
} catch (error) {
  const aborted = error instanceof Error && error.name === "AbortError";
  console.error(aborted ? "vm: ended" : `vm: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = aborted ? 130 : 125;
}
// Standard input may be open still, and nobody reads it any more.
process.stdin.destroy();
