/**
 * One target agent per machine: an advisory lock on the nvmet directory of configfs, which every container of the
 * machine shares. The kernel frees it when this process ends, however it ends.
 */
import { failure } from "../domain/errors.ts";
import { statOf } from "../host/files.ts";
import { holdLock } from "../host/hold-lock.ts";

/** Takes the lock or refuses; dispose of the result to free it. Without the nvmet module there is no directory to lock. */
export async function lockMachine(path: string, signal: AbortSignal): Promise<AsyncDisposable> {
  const cannot = "start the target agent";
  if ((await statOf(path))?.isDirectory() !== true) {
    const modules = "the kernel modules nvmet and nvmet-tcp must be loaded (modprobe nvmet-tcp)";
    const rule = `${modules} and configfs must be mounted; got no directory ${path}`;
    throw failure("unavailable", { cannot, rule });
  }
  const lock = await holdLock(path, signal);
  if (lock !== undefined) return lock;
  const rule = "another target agent on this machine holds the lock";
  throw failure("unavailable", { cannot, rule, got: path });
}
