/**
 * Where a pool of logical volumes keeps its records: a small volume of its own in the group, beside the thin pool, so that
 * a full pool keeps nobody from being fenced, and so that the records go wherever the group goes.
 *
 * W1  A file system is made only on a volume that this call has made, under a name that says it is not finished; it gets
 *     its own name last. What bears the unfinished name was never used.
 * W2  It is mounted in this process's mount namespace, and stays so until the process lets it go.
 */
import { failure } from "../../domain/errors.ts";
import { MiB } from "../../domain/capacity.ts";
import { numberOf, sameDevice } from "../../domain/device-number.ts";
import { execOk, type Exec } from "../../host/exec.ts";
import { ensureDirectories, statOf } from "../../host/files.ts";
import { lvmBytes, type VolumeGroup } from "./volume-group.ts";

/** Room for the records of about 60,000 volumes and snapshots. */
const bytes = 256n * MiB;
const unfinished = "new";

export interface RecordsVolume {
  readonly group: VolumeGroup;
  /** Its name in the group. */
  readonly name: string;
  /** Where it is mounted; made if it is not there. */
  readonly at: string;
}

/** The records volume of a thin pool. */
export function recordsName(thinPool: string): string {
  return `${thinPool}-nvmetcp-records`;
}

/** Mounts it, and makes it where there is none. Errors: no_capacity, unavailable. */
export async function mountRecords(volume: RecordsVolume, exec: Exec, signal: AbortSignal): Promise<AsyncDisposable> {
  const { group, name, at } = volume;
  if ((await group.find(name, signal)) === undefined) await make(volume, exec, signal);
  await group.activate([name]);
  await ensureDirectories(at);
  if (!(await isMounted(volume))) {
    const options = "nosuid,nodev,noexec,noatime,errors=remount-ro";
    await execOk(exec, "mount", ["-t", "ext4", "-o", options, group.path(name), at], { signal });
  }
  if (!(await isMounted(volume))) {
    const rule = `it must be mounted at ${at}`;
    throw failure("unavailable", { cannot: `use the records in volume group ${group.name}`, rule });
  }
  return {
    async [Symbol.asyncDispose]() {
      await exec("umount", [at], { signal: AbortSignal.timeout(unmountMs) });
    },
  };
}

const unmountMs = 2000;

/** W1. */
async function make({ group, name }: RecordsVolume, exec: Exec, signal: AbortSignal): Promise<void> {
  const draft = `${name}-${unfinished}`;
  if ((await group.find(draft, signal)) !== undefined) await group.change("lvremove", [`${group.name}/${draft}`]);
  await group.change("lvcreate", ["--size", lvmBytes(bytes), "--name", draft, group.name]);
  await execOk(exec, "mkfs.ext4", ["-q", "-b", "4096", "-i", "4096", "-m", "0", group.path(draft)], { signal });
  await group.change("lvrename", [group.name, draft, name]);
}

async function isMounted({ group, name, at }: RecordsVolume): Promise<boolean> {
  const [device, directory] = [await group.device(name), await statOf(at)];
  return device !== undefined && directory !== undefined && sameDevice(device.number, numberOf(directory.dev));
}
