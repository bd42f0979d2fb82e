/**
 * Temporary directories that do not outlive this process, however it ends.
 * 1. A janitor process of its own session holds the other end of a pipe; the end of the pipe makes it remove what is left.
 *    Handlers of exit and signals cannot do that: SIGKILL runs none.
 * 2. Paths are short, as a unix socket's path has 107 bytes.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";

let janitor: Writable | undefined;

function startJanitor(): Writable {
  const child = spawn(process.execPath, [join(import.meta.dirname, "janitor.ts")], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: {},
  });
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  child.unref();
  // The pipe of a child is a socket and keeps the event loop alive unless told otherwise.
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child.stdin;
}

export async function makeScratch(): Promise<string> {
  janitor ??= startJanitor();
  const parent = tmpdir().length > 40 ? "/tmp" : tmpdir();
  const directory = await mkdtemp(join(parent, "nvmetcp-lab-"));
  janitor.write(`${directory}\n`);
  return directory;
}

export async function removeScratch(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}
