/**
 * Runs one program of the host to its end.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";

interface ToolOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Resolves with the standard output; any other end than exit status 0 throws with the standard error. */
export async function runTool(
  argv: readonly [string, ...string[]],
  signal: AbortSignal,
  options: ToolOptions = {},
): Promise<Buffer> {
  const [file, ...args] = argv;
  const child = spawn(file, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, LC_ALL: "C", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
    signal,
    killSignal: "SIGTERM",
  });
  const closed = once(child, "close");
  // A program that reads only part of its input breaks the pipe; its exit status tells the rest.
  const fed = pipeline(Readable.from([Buffer.from(options.stdin ?? "")]), child.stdin).catch(() => undefined);
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), text(child.stderr), closed, fed]);
  if (child.exitCode === 0) return stdout;
  const status = child.signalCode ?? `exit status ${child.exitCode ?? "unknown"}`;
  throw new Error(`cannot run ${argv.join(" ")}: exit status 0 expected; got ${status}\n${stderr.slice(-4000)}`);
}
