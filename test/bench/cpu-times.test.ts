import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cpuTimesIn } from "./cpu-times.ts";

const trace = `# tracer: nop
          node-100     [000] d..2.    10.000000: sched_switch: prev_comm=node prev_pid=100 prev_prio=120 prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120
          <idle>-0     [000] d..2.    10.005000: sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=node next_pid=100 next_prio=120
          node-100     [000] .....    10.006000: sched_process_fork: comm=node pid=100 child_comm=node child_pid=200
          node-100     [000] d..2.    10.007000: sched_switch: prev_comm=node prev_pid=100 prev_prio=120 prev_state=S ==> next_comm=node next_pid=200 next_prio=120
          node-200     [000] d..2.    10.008000: sched_switch: prev_comm=node prev_pid=200 prev_prio=120 prev_state=R ==> next_comm=kworker/0:1 next_pid=9 next_prio=120
   kworker/0:1-9       [000] d..2.    10.018000: sched_switch: prev_comm=kworker/0:1 prev_pid=9 prev_prio=120 prev_state=I ==> next_comm=node next_pid=200 next_prio=120
          nvme-200     [000] .....    10.019000: sched_process_exec: filename=/usr/sbin/nvme pid=200 old_pid=200
          nvme-200     [000] d..2.    10.038000: sched_switch: prev_comm=nvme prev_pid=200 prev_prio=120 prev_state=Z ==> next_comm=swapper/0 next_pid=0 next_prio=120
`;

describe("the CPU times in a trace", () => {
  it("go to whoever ran, by name; a child that runs no file yet belongs to its parent", () => {
    const times = cpuTimesIn(trace, new Map([[100, "driver"]])).map(([name, ms]) => [name, Math.round(ms)]);
    assert.deepEqual(times, [
      ["nvme", 20],
      ["kworker", 10],
      ["idle", 5],
      ["driver", 3],
    ]);
  });

  it("are none where nothing was traced", () => {
    assert.deepEqual(cpuTimesIn("# tracer: nop\n", new Map()), []);
  });
});
