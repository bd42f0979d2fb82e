/** Judges one snapshot after the other while somebody waits for a device. */
import { join } from "node:path";
import { failure, type DomainError } from "../domain/errors.ts";
import { errorCode, writeAttribute } from "../host/files.ts";
import type { ConnectRequest } from "./index.ts";
import { controllerDirectory, readSubsystems, type Controller, type Namespace, type Subsystem } from "./sysfs.ts";

/** What a snapshot has to show. */
export type DeviceWanted = Pick<ConnectRequest, "nqn" | "uuid" | "atLeast">;

export interface DeviceWaitOptions {
  /** What fails when time is up. */
  readonly cannot: string;
  readonly sys: string;
  readonly rescanAfterMs: number;
}

export class DeviceWait {
  readonly #request: DeviceWanted;
  readonly #options: DeviceWaitOptions;
  #liveSince: number | undefined;
  #rescanned = false;
  /** Why the last snapshot was not enough. */
  #obstacle: { readonly rule: string; readonly got?: unknown } = { rule: "no controller appeared" };

  constructor(request: DeviceWanted, options: DeviceWaitOptions) {
    this.#request = request;
    this.#options = options;
  }

  /** The namespace when the snapshot shows all of it; throws when waiting is pointless. */
  async look(subsystems: readonly Subsystem[], reports?: readonly string[]): Promise<Namespace | undefined> {
    const { uuid, atLeast } = this.#request;
    const controllers = subsystems.flatMap((subsystem) => subsystem.controllers);
    const namespaces = subsystems.flatMap((subsystem) => subsystem.namespaces);
    const live = controllers.filter(({ state }) => state === "live");
    const namespace = namespaces.find((candidate) => candidate.uuid === uuid);
    if (controllers.length === 0 && reports !== undefined) throw this.#noPath(reports);
    if (namespace === undefined) this.#refuseStrangers(namespaces);
    if (live.length === 0) {
      const got = controllers.map(({ name, state }) => `${name} ${state}`);
      if (got.length > 0) this.#obstacle = { rule: "no path is live", got };
      return undefined;
    }
    if (namespace !== undefined && namespace.size >= atLeast) return namespace;
    this.#obstacle =
      namespace === undefined
        ? { rule: `a path is live, but no multipath device with namespace uuid ${uuid} appeared` }
        : { rule: `the device must have at least ${atLeast} bytes`, got: namespace.size };
    if (namespace === undefined && this.#rescanned) await this.#refuseDuplicate();
    await this.#rescanOnce(live);
    return undefined;
  }

  #noPath(reports: readonly string[]): DomainError {
    const rule = reports.length === 0 ? "there is no portal to connect to" : reports.join("; ");
    return failure("unavailable", { cannot: `connect ${this.#request.nqn}`, rule });
  }

  #refuseStrangers(namespaces: readonly Namespace[]): void {
    const [stranger] = namespaces.flatMap((namespace) => namespace.uuid ?? []);
    if (stranger === undefined) return;
    const { nqn, uuid } = this.#request;
    throw failure("precondition", {
      cannot: `use ${nqn}`,
      rule: `its namespace must have uuid ${uuid}`,
      got: stranger,
    });
  }

  /** The kernel shows a namespace of a fabric only if no other subsystem has one of the same UUID. */
  async #refuseDuplicate(): Promise<void> {
    const { nqn, uuid } = this.#request;
    const others = (await readSubsystems(this.#options.sys)).filter((subsystem) => subsystem.nqn !== nqn);
    for (const { nqn: other, namespaces } of others) {
      const twin = namespaces.find((namespace) => namespace.uuid === uuid);
      if (twin === undefined) continue;
      const rule = `no other subsystem may have a namespace with its uuid ${uuid}`;
      throw failure("precondition", { cannot: `use ${nqn}`, rule, got: `${twin.name} of ${other}` });
    }
  }

  /** An event of the target may get lost (F16): ask once. Only a hint to the kernel, which works it off by itself. */
  async #rescanOnce(live: readonly Controller[]): Promise<void> {
    this.#liveSince ??= performance.now();
    if (this.#rescanned || performance.now() - this.#liveSince < this.#options.rescanAfterMs) return;
    this.#rescanned = true;
    for (const { name } of live) {
      try {
        await writeAttribute(join(controllerDirectory(this.#options.sys, name), "rescan_controller"), "1");
      } catch (error) {
        if (errorCode(error) === undefined) throw error;
      }
    }
  }

  /** The error when time is up: what was still missing. */
  expired(reports: readonly string[] | undefined, cause: unknown): DomainError {
    const { cannot } = this.#options;
    const { rule, got } = this.#obstacle;
    const said = reports === undefined || reports.length === 0 ? "" : ` (${reports.join("; ")})`;
    return failure("timeout", { cannot, rule: `${rule}${said}`, got, cause });
  }
}
