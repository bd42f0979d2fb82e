/** A process in a guest and all below it. */
import type { Machine } from "../lab/machine.ts";

export interface GuestProcess {
  readonly pid: number;
  readonly threads: readonly number[];
  /** File name of its program. */
  readonly program: string;
}

/** The process itself comes first. */
export async function processTree(machine: Pick<Machine, "sh">, pid: number): Promise<readonly GuestProcess[]> {
  const { stdout } = await machine.sh(`
    tree() {
      local task child
      echo "$1" $(readlink /proc/$1/exe) $(ls /proc/$1/task)
      for task in /proc/$1/task/*; do for child in $(cat $task/children); do tree $child; done; done
    }
    # What ends meanwhile is not in it.
    tree ${pid} 2> /dev/null || true`);
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [own, program = "", ...threads] = line.split(" ");
      return { pid: Number(own), program: program.split("/").at(-1) ?? "", threads: threads.map(Number) };
    });
}
