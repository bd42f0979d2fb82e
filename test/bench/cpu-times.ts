/**
 * Who had the guest's only CPU while something happened, by the kernel's own trace events. All of the time is in it, so
 * nothing has to be guessed.
 */
import type { Machine } from "../lab/machine.ts";
import { processTree } from "../support/process-tree.ts";

const tracing = "/sys/kernel/tracing";
const events = ["switch", "process_fork", "process_exec"].map((name) => `${tracing}/events/sched/sched_${name}/enable`);
const bufferKiB = 65_536;

/** Milliseconds of CPU, the largest first; `idle` is when nobody had anything to do. */
export type CpuTimes = readonly (readonly [string, number])[];

/** `names` are processes by what they are called here; all others, also those below them, go by the file that they run. */
export async function cpuTimesOf(
  machine: Machine,
  names: Readonly<Record<string, number>>,
  work: () => Promise<unknown>,
): Promise<CpuTimes> {
  const threads = new Map<number, string>();
  for (const [name, pid] of Object.entries(names)) {
    for (const { pid: own, threads: all, program } of await processTree(machine, pid)) {
      for (const thread of all) threads.set(thread, own === pid ? name : program);
    }
  }
  await machine.sh(
    `mountpoint -q ${tracing} || mount -t tracefs none ${tracing}
     echo ${bufferKiB} > ${tracing}/buffer_size_kb; echo > ${tracing}/trace
     for event in ${events.join(" ")}; do echo 1 > $event; done; echo 1 > ${tracing}/tracing_on`,
  );
  await work();
  const { stdout: trace } = await machine.sh(`echo 0 > ${tracing}/tracing_on; cat ${tracing}/trace`);
  return cpuTimesIn(trace, threads);
}

const time = /\s(?<time>\d+\.\d+): sched_/;
const switched = /sched_switch: prev_comm=(?<comm>.*) prev_pid=(?<pid>\d+) .*==>/;
const forked = /sched_process_fork: .*\bpid=(?<parent>\d+) .*child_pid=(?<child>\d+)/;
const executed = /sched_process_exec: filename=(?<file>.*) pid=(?<pid>\d+) /;

/** `names` are those of threads, and grow by what these start: until it runs a file, a child belongs to its parent. */
export function cpuTimesIn(trace: string, names: Map<number, string>): CpuTimes {
  const spent = new Map<string, number>();
  let since: number | undefined;
  for (const line of trace.split("\n")) {
    const fork = forked.exec(line)?.groups;
    const parent = fork && names.get(Number(fork["parent"]));
    if (parent !== undefined) names.set(Number(fork?.["child"]), parent);
    const exec = executed.exec(line)?.groups;
    if (exec !== undefined) names.set(Number(exec["pid"]), exec["file"]?.split("/").at(-1) ?? "");
    const { pid, comm = "" } = switched.exec(line)?.groups ?? {};
    if (pid === undefined) continue;
    const now = Number(time.exec(line)?.groups?.["time"]) * 1000;
    const name = pid === "0" ? "idle" : (names.get(Number(pid)) ?? kindOf(comm));
    if (since !== undefined) spent.set(name, (spent.get(name) ?? 0) + now - since);
    since = now;
  }
  return [...spent].toSorted(([, a], [, b]) => b - a);
}

/** Threads of the kernel have numbers in their names. */
function kindOf(comm: string): string {
  return comm.split(/[/:]/)[0] ?? comm;
}
