/**
 * Puts hosts out of an export that others keep (DESIGN 5.2). The kernel has no way to end one host's controllers: all of the
 * subsystem's are ended, and those whose hosts are still allowed come back by themselves.
 *
 * X1  Never by a port: the hosts that are to come back would find the subsystem missing, and drop the volume for good (V42).
 * X2  Twice, with a pause: a connect that was past the host check when the controllers were ended has made its own by the
 *     second time, and no later one passes the check. After each pause the kernel has stopped what it had received from the
 *     connections that were shut; what it had handed to the disk by then is for the layer to wait for (`drain`).
 * X3  Where the kernel shows its controllers, none of the hosts that were put out may be left.
 * X4  On a kernel where this is not known to work there is an obstacle, and no second host is let in at all.
 */
import { join } from "node:path";
import { failure } from "../domain/errors.ts";
import type { Nqn } from "../domain/identity.ts";
import { poll, sleep } from "../host/clock.ts";
import { listNames, readText } from "../host/files.ts";
import { kernelRelease } from "../host/kernel-release.ts";
import type { NvmetConfigfs } from "./configfs.ts";

export interface HostFenceOptions {
  /** That of this machine unless given. */
  readonly release?: string;
  /** What nvmet shows in debugfs, on kernels that were built with it. */
  readonly debugDirectory?: string;
  /** Longer than a connect takes in the target's kernel, and than it needs to let go of what it has received. */
  readonly pauseMs?: number;
}

/** The first kernel on which it was seen to work (V42). */
const oldest = [6, 12] as const;

export class HostFence {
  readonly #configfs: NvmetConfigfs;
  readonly #release: string;
  readonly #debugDirectory: string;
  readonly #pauseMs: number;

  constructor(configfs: NvmetConfigfs, options: HostFenceOptions = {}) {
    const { release = kernelRelease(), debugDirectory = "/sys/kernel/debug/nvmet", pauseMs = 1000 } = options;
    this.#configfs = configfs;
    this.#release = release;
    this.#debugDirectory = debugDirectory;
    this.#pauseMs = pauseMs;
  }

  /** X4: why one of several hosts could not be put out again; undefined: it can. */
  get obstacle(): string | undefined {
    if (isAtLeast(this.#release, oldest)) return undefined;
    return `the target needs Linux ${oldest.join(".")} to put one of several nodes out again, and has ${this.#release}`;
  }

  async putOut(nqn: Nqn, hosts: readonly Nqn[], signal: AbortSignal): Promise<void> {
    for (const host of hosts) await this.#configfs.denyHost(nqn, host);
    for (const _time of ["all that are there", "what came meanwhile"]) {
      await this.#configfs.endControllers(nqn);
      await sleep(this.#pauseMs, signal);
    }
    await this.#unseen(nqn, hosts, signal);
  }

  /** X3. */
  async #unseen(nqn: Nqn, hosts: readonly Nqn[], signal: AbortSignal): Promise<void> {
    let left: readonly string[] = [];
    const step = async () => {
      left = await this.#seen(nqn, hosts);
      return left.length === 0 ? true : undefined;
    };
    try {
      await poll(step, signal);
    } catch (cause) {
      if (!signal.aborted) throw cause;
      const rule = "hosts that were put out must lose their controllers";
      throw failure("timeout", { cannot: `withdraw ${nqn}`, rule, got: left, cause });
    }
  }

  async #seen(nqn: Nqn, hosts: readonly string[]): Promise<readonly string[]> {
    const directory = join(this.#debugDirectory, nqn);
    const controllers = (await listNames(directory)).filter((name) => name.startsWith("ctrl"));
    const found = await Promise.all(controllers.map(async (name) => readText(join(directory, name, "hostnqn"))));
    return found.flatMap((host) => (host !== undefined && hosts.includes(host) ? [host] : []));
  }
}

function isAtLeast(release: string, [major, minor]: readonly [number, number]): boolean {
  const [, ownMajor = "0", ownMinor = "0"] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return Number(ownMajor) > major || (Number(ownMajor) === major && Number(ownMinor) >= minor);
}
