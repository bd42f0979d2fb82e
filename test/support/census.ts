/** Everything that the driver may have left in a machine: empty when it left nothing. */
import type { Machine } from "../lab/machine.ts";
import { stateDir } from "./guest-driver.ts";
import { labPlace, leftInPool, poolPath } from "./guest-pool.ts";

/** Each line of the answer names one thing that is left. */
const script = `
shopt -s nullglob
nvmet=/sys/kernel/config/nvmet
for path in $nvmet/subsystems/* $nvmet/ports/* $nvmet/hosts/* /sys/class/nvme/nvme* /sys/class/nvme-subsystem/*; do
  echo "kernel: $path"
done
for path in ${poolPath}/{volumes,snapshots,records}/* ${stateDir}/node/journal/* ${stateDir}/node/formatted/*; do echo "file: $path"; done
grep -E ' /dev/nvme|/staging|/target' /proc/self/mountinfo | sed 's/^/mount: /' || true
nft list tables 2>/dev/null | sed 's/^/nft: /' || true
for path in /dev/nvme*n*; do echo "device: $path"; done
pgrep --list-full 'flock|nvme|fio|mkfs|e2fsck' | grep -v '\\[' | sed 's/^/process: /' || true
pgrep --list-full --full '[d]ist/' | sed 's/^/process: /' || true
${leftInPool(labPlace)}
`;

export async function census(machine: Machine): Promise<readonly string[]> {
  const { stdout } = await machine.sh(script);
  return stdout.split("\n").filter((line) => line !== "");
}
