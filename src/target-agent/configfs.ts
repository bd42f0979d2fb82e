/**
 * Typed, idempotent operations on the nvmet tree of configfs.
 *
 * K1  EEXIST on make and ENOENT on remove are "done"; an attribute is written only when it differs (several become
 *     immutable once a host has seen them).
 * K2  `attr_allow_any_host` is never written; reading it as 1 is a failure.
 * K3  An enabled namespace is never disabled to change it (V9): a difference is a failure.
 * K4  `attr_qid_max` is written as it is, and only to end the controllers of a subsystem.
 */
import { join } from "node:path";
import { failure } from "../domain/errors.ts";
import type { Nqn } from "../domain/identity.ts";
import type { Portal } from "../domain/model.ts";
import { formatPortal } from "../domain/portal.ts";
import {
  ensureDirectory,
  ensureSymlink,
  errorCode,
  linkTargetOf,
  listNames,
  readText,
  removeDirectory,
  removeFile,
  writeAttribute,
} from "../host/files.ts";

/** Model number of every subsystem of this driver. */
export const model = "nvmetcp-csi";

export class NvmetConfigfs {
  readonly root: string;

  constructor(root = "/sys/kernel/config/nvmet") {
    this.root = root;
  }

  subsystemPath(nqn: string): string {
    return join(this.root, "subsystems", nqn);
  }

  #hostPath(hostNqn: string): string {
    return join(this.root, "hosts", hostNqn);
  }

  #portPath(port: number): string {
    return join(this.root, "ports", String(port));
  }

  #portLink(port: number, nqn: string): string {
    return join(this.#portPath(port), "subsystems", nqn);
  }

  async subsystems(): Promise<readonly string[]> {
    return await listNames(join(this.root, "subsystems"));
  }

  async ports(): Promise<readonly string[]> {
    return await listNames(join(this.root, "ports"));
  }

  async linksOfPort(port: number | string): Promise<readonly string[]> {
    return await listNames(join(this.root, "ports", String(port), "subsystems"));
  }

  async allowedHosts(nqn: Nqn): Promise<readonly string[]> {
    return await listNames(join(this.subsystemPath(nqn), "allowed_hosts"));
  }

  async ensureSubsystem(nqn: Nqn, attributes: { readonly serial: string; readonly model: string }): Promise<void> {
    const path = this.subsystemPath(nqn);
    await ensureDirectory(path);
    await this.#set(join(path, "attr_serial"), attributes.serial);
    await this.#set(join(path, "attr_model"), attributes.model);
    await this.assertClosed(nqn);
  }

  /** K2. */
  async assertClosed(nqn: Nqn): Promise<void> {
    const value = await readText(join(this.subsystemPath(nqn), "attr_allow_any_host"));
    if (value === "0") return;
    throw failure("precondition", { cannot: `export ${nqn}`, rule: "attr_allow_any_host must be 0", got: value });
  }

  /** Namespace 1 on a verified backing file, with a given uuid, enabled (K3). */
  async ensureNamespace(nqn: Nqn, want: { readonly devicePath: string; readonly uuid: string }): Promise<void> {
    const path = join(this.subsystemPath(nqn), "namespaces", "1");
    await ensureDirectory(path);
    const enabled = (await readText(join(path, "enable"))) === "1";
    for (const [name, value] of [
      ["device_path", want.devicePath],
      ["device_uuid", want.uuid],
    ] as const) {
      if (!enabled) await this.#set(join(path, name), value);
      const actual = await readText(join(path, name));
      if (actual !== value) {
        throw failure("precondition", { cannot: `export ${nqn}`, rule: `its ${name} must be ${value}`, got: actual });
      }
    }
    if (!enabled) await writeAttribute(join(path, "enable"), "1");
  }

  /** Has the kernel look at the size of namespace 1 and tell its hosts if it is another one (V23). */
  async revalidate(nqn: Nqn): Promise<void> {
    await writeAttribute(join(this.subsystemPath(nqn), "namespaces", "1", "revalidate_size"), "1");
  }

  async #set(path: string, value: string): Promise<void> {
    if ((await readText(path)) === value) return;
    await writeAttribute(path, value);
    const actual = await readText(path);
    if (actual !== value) {
      throw failure("precondition", { cannot: `write ${path}`, rule: `it must read back as ${value}`, got: actual });
    }
  }

  async allowHost(nqn: Nqn, hostNqn: Nqn): Promise<void> {
    await ensureDirectory(this.#hostPath(hostNqn));
    await ensureSymlink(this.#hostPath(hostNqn), join(this.subsystemPath(nqn), "allowed_hosts", hostNqn));
  }

  /** Takes the right to connect from a host; its live controllers stay (V1). */
  async denyHost(nqn: Nqn, hostNqn: string): Promise<void> {
    await removeFile(join(this.subsystemPath(nqn), "allowed_hosts", hostNqn));
    try {
      await removeDirectory(this.#hostPath(hostNqn));
    } catch (error) {
      // Another subsystem, not necessarily ours, still names this host.
      if (errorCode(error) !== "EBUSY") throw error;
    }
  }

  /** K4: ends every controller of the subsystem, whatever its port; their I/O may take a moment longer (V42). */
  async endControllers(nqn: Nqn): Promise<void> {
    const path = join(this.subsystemPath(nqn), "attr_qid_max");
    const queues = await readText(path);
    if (queues !== undefined) await writeAttribute(path, queues);
  }

  async ensurePort(port: number, portal: Portal): Promise<void> {
    const path = this.#portPath(port);
    await ensureDirectory(path);
    const attributes = {
      addr_trtype: "tcp",
      addr_adrfam: portal.address.includes(":") ? "ipv6" : "ipv4",
      addr_traddr: portal.address,
      addr_trsvcid: String(portal.port),
    };
    for (const [name, value] of Object.entries(attributes)) await this.#set(join(path, name), value);
  }

  /** Where a port listens, as `address:port`, or undefined when it has no address yet. */
  async portalOf(port: number): Promise<string | undefined> {
    const address = await readText(join(this.#portPath(port), "addr_traddr"));
    const service = await readText(join(this.#portPath(port), "addr_trsvcid"));
    return address && service ? formatPortal({ address, port: Number(service) }) : undefined;
  }

  async removePort(port: number): Promise<void> {
    await removeDirectory(this.#portPath(port));
  }

  async isLinked(port: number, nqn: Nqn): Promise<boolean> {
    return (await linkTargetOf(this.#portLink(port, nqn))) !== undefined;
  }

  /** The last step of an export: opens the listener with the first link. */
  async link(port: number, nqn: Nqn): Promise<void> {
    await ensureSymlink(this.subsystemPath(nqn), this.#portLink(port, nqn));
  }

  /** Ends every controller of the subsystem on this port; returns when their I/O is gone (V2). */
  async unlink(port: number, nqn: string): Promise<void> {
    await removeFile(this.#portLink(port, nqn));
  }

  /** Waits for I/O in flight, then removes namespace and subsystem. */
  async removeSubsystem(nqn: string): Promise<void> {
    const path = this.subsystemPath(nqn);
    for (const nsid of await listNames(join(path, "namespaces"))) {
      await removeDirectory(join(path, "namespaces", nsid));
    }
    await removeDirectory(path);
  }
}
