/**
 * One target agent per machine: an advisory lock on the nvmet directory of configfs, which every container of the
 * machine shares. The kernel frees it when this process ends, however it ends.
 */
import { failure } from "../domain/errors.ts";
import { holdLock } from "../host/hold-lock.ts";

/** Takes the lock or refuses; dispose of the result to free it. */
export async function lockMachine(path: string, signal: AbortSignal): Promise<AsyncDisposable> {
  const lock = await holdLock(path, signal);
  if (lock !== undefined) return lock;
  const rule = "another target agent on this machine holds the lock";
  throw failure("unavailable", { cannot: "start the target agent", rule, got: path });
}
