/**
 * What tests may have left on the machine that runs them: processes of the driver and of the lab, and temporary
 * directories. Compared before and after a run, so that what somebody else runs meanwhile does not count for long.
 */
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { poll } from "../../src/host/clock.ts";
import type { Tally } from "./tally.ts";

const ourDirectories = /^(?:nvmetcp|csi)-/;
/** Every process of a test has a temporary directory of the test in its arguments. */
const ourPrograms = /nvmetcp-(?:lab|csi-[a-z]+|sanity|gate)-/;

/** One line for each process and directory that looks like ours. */
export async function hostLeftovers(): Promise<ReadonlySet<string>> {
  const directories = (await readdir(tmpdir())).filter((name) => ourDirectories.test(name));
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(pids.map(commandOf));
  const processes = commands.filter((command) => ourPrograms.test(command));
  return new Set([...directories.map((name) => `directory ${join(tmpdir(), name)}`), ...processes]);
}

async function commandOf(pid: string): Promise<string> {
  const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return `process ${pid} ${line.replaceAll("\0", " ").trim()}`;
}

/** The check that a run has left nothing, as one test; prints what it has left. */
export async function judgeLeftovers(before: ReadonlySet<string>): Promise<Tally> {
  const left = await newLeftovers(before, AbortSignal.timeout(15_000));
  for (const line of left) console.log(`left behind: ${line}`);
  return { passed: left.length === 0 ? 1 : 0, failed: left.length, skipped: [] };
}

/** What is there now and was not before; what is still on its way out gets until the signal fires. */
async function newLeftovers(before: ReadonlySet<string>, signal: AbortSignal): Promise<readonly string[]> {
  let left: readonly string[] = [];
  const isClean = async () => {
    left = [...(await hostLeftovers())].filter((line) => !before.has(line));
    return left.length === 0 ? true : undefined;
  };
  await poll(isClean, signal).catch(() => undefined);
  return left;
}
