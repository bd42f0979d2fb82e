/** Which programs a process and all below it start while something happens, by the kernel's own trace events. */
import type { Machine } from "../lab/machine.ts";
import { processTree } from "./process-tree.ts";

const tracing = "/sys/kernel/tracing";
const events = ["sched_process_fork", "sched_process_exec"].map((name) => `${tracing}/events/sched/${name}/enable`);

/** File names of the programs, in order. Threads and the process itself do not count. */
export async function programsStartedBy(
  machine: Machine,
  pid: number,
  work: () => Promise<void>,
): Promise<readonly string[]> {
  const family = (await processTree(machine, pid)).flatMap(({ threads }) => threads);
  await machine.sh(
    `mountpoint -q ${tracing} || mount -t tracefs none ${tracing}
     ${events.map((file) => `echo 1 > ${file}`).join("; ")}; echo 1 > ${tracing}/tracing_on; echo > ${tracing}/trace`,
  );
  await work();
  const { stdout: trace } = await machine.sh(`echo 0 > ${tracing}/tracing_on; cat ${tracing}/trace`);
  return startsIn(trace, new Set(family.map(String)));
}

/** `family` holds thread ids and grows by every fork of one of them. */
function startsIn(trace: string, family: Set<string>): readonly string[] {
  const started: string[] = [];
  for (const line of trace.split("\n")) {
    const fork = /sched_process_fork: .*\bpid=(?<parent>\d+) .*child_pid=(?<child>\d+)/.exec(line)?.groups;
    if (fork !== undefined && family.has(fork["parent"] ?? "")) family.add(fork["child"] ?? "");
    const exec = /sched_process_exec: filename=(?<file>.*) pid=(?<pid>\d+) /.exec(line)?.groups;
    if (exec !== undefined && family.has(exec["pid"] ?? "")) started.push(exec["file"] ?? "");
  }
  return started;
}
