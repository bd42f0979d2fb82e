/**
 * Keeps hosts away from the data ports while exports are being restored: a host that reaches an open listener without
 * its subsystem drops the volume for good (V42); one that is refused tries again (V46).
 *
 * G1  All rules are in one nftables table of this agent's own; no other table is read or changed.
 * G2  Established connections are not touched: only new ones are refused.
 */
import type { Portal } from "../domain/model.ts";
import { execOk, type Exec } from "../host/exec.ts";

const table = "inet nvmetcp_csi";

export class ListenerGate {
  readonly #exec: Exec;
  readonly #ports: readonly number[];

  constructor(deps: { readonly exec: Exec; readonly portals: readonly Portal[] }) {
    this.#exec = deps.exec;
    this.#ports = [...new Set(deps.portals.map((portal) => portal.port))];
  }

  async close(signal: AbortSignal): Promise<void> {
    const rule = `tcp dport { ${this.#ports.join(", ")} } tcp flags syn reject with tcp reset`;
    const chain = `chain input { type filter hook input priority -10; policy accept; ${rule}; }`;
    await this.#apply(`add table ${table}\ndelete table ${table}\ntable ${table} { ${chain}; }\n`, signal);
  }

  /** Removes the table; absent = done. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#apply(`add table ${table}\ndelete table ${table}\n`, signal);
  }

  async #apply(script: string, signal: AbortSignal): Promise<void> {
    await execOk(this.#exec, "nft", ["-f", "-"], { signal, input: script });
  }
}
