/**
 * What the kernel is asked for to connect one portal, and the attempts that are under way. nvme-cli asks in the same way,
 * but looks at every controller of the host before it does (docs/kernel-facts.md).
 *
 * A1  Every value has a checked type before it gets into the kernel's option string, where the last duplicate wins (V28).
 * A2  An attempt is over when its writer has ended, whoever waits for it: until then the kernel may make a controller, which
 *     would appear after a disconnect. Disconnecting waits for the attempts of its subsystem. The kernel lets one writer of
 *     the host after the other through its door, each for as long as its portal is silent: 3 s without TCP, 60 s with it.
 * A3  The outcome is text for an error message only; sysfs says whether there is a controller (V34, V35).
 * A4  The writer is a process of its own, and a small one: the kernel keeps it for as long as a portal is silent. It gets
 *     the options as its input, not in its arguments.
 */
import { isIP, SocketAddress } from "node:net";
import { failure, messageOf } from "../domain/errors.ts";
import type { HostIdentity, Nqn } from "../domain/identity.ts";
import type { Portal } from "../domain/model.ts";
import type { Exec, ExecResult } from "../host/exec.ts";
import { untilAborted } from "../lib/abort.ts";

/** Seconds, as the kernel counts them. */
export interface Timing {
  readonly reconnectDelay: number;
  readonly keepAlive: number;
}

/** The kernel's door to a new controller. */
export const fabrics = "/dev/nvme-fabrics";
/** dd: all of its input in a single write, and no file of that name where the kernel has none. */
const writeOnce = [`of=${fabrics}`, "bs=4096", "count=1", "iflag=fullblock", "conv=nocreat,notrunc", "status=none"];
/** A2. */
const never = new AbortController().signal;
const longestNqn = 222;
const nqnPattern = /^nqn\.[a-z0-9.:-]+$/;
const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function check(holds: boolean, rule: string, got: unknown): void {
  if (!holds) throw failure("invalid_argument", { cannot: "connect a subsystem", rule, got });
}

export function checkNqn(nqn: string): void {
  const rule = `an NQN has at most ${longestNqn} characters, "nqn." and a-z 0-9 . : -`;
  check(nqn.length <= longestNqn && nqnPattern.test(nqn), rule, nqn);
}

/** The line that is written to /dev/nvme-fabrics. */
export function connectOptions(nqn: Nqn, host: HostIdentity, portal: Portal, timing: Timing): string {
  const { address, port } = portal;
  const { reconnectDelay, keepAlive } = timing;
  checkNqn(nqn);
  checkNqn(host.hostNqn);
  check(uuidPattern.test(host.hostId), "a host id is a lower-case UUID", host.hostId);
  check(isIP(address) !== 0 && !address.includes("%"), "a portal has an IP address without a zone", address);
  check(Number.isInteger(port) && port >= 1 && port <= 65535, "a port lies between 1 and 65535", port);
  check(Number.isInteger(reconnectDelay) && reconnectDelay > 0, "the reconnect delay is in whole seconds", timing);
  check(Number.isInteger(keepAlive) && keepAlive > 0, "the keep-alive time is in whole seconds", timing);
  const options = {
    ...{ nqn, transport: "tcp", traddr: canonical(address), trsvcid: port, hostnqn: host.hostNqn, hostid: host.hostId },
    // -1: the kernel never gives the device up by itself (V10, F46).
    ...{ ctrl_loss_tmo: -1, reconnect_delay: reconnectDelay, keep_alive_tmo: keepAlive },
  };
  return Object.entries(options)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}

/** IPv6 addresses have many spellings, and the kernel compares letters to know a portal that is connected already. */
function canonical(address: string): string {
  return isIP(address) === 6 ? new SocketAddress({ address, family: "ipv6" }).address : address;
}

/** dd says what it could not do, and the kernel's reason. */
function wordsOf({ exitCode, stderr }: ExecResult): string {
  if (exitCode === 0) return "the kernel took the request";
  const said = stderr.trim();
  const reason = said.split(`'${fabrics}': `).at(-1) ?? "";
  if (said.startsWith("dd: failed to open")) return `${fabrics} does not open, is nvme-tcp loaded? ${reason}`;
  if (reason === "Operation already in progress") return "this host has a connection to it already";
  return reason || `the connect ended with ${exitCode ?? "a signal"}`;
}

/** The attempts to connect that run now, by subsystem and options. */
export class ConnectAttempts {
  readonly #exec: Exec;
  readonly #timing: Timing;
  readonly #running = new Map<Nqn, Map<string, Promise<string>>>();

  constructor(exec: Exec, timing: Timing) {
    this.#exec = exec;
    this.#timing = timing;
  }

  /** Starts or joins the attempt for one portal; resolves with what became of it, and rejects only with the signal. */
  async connect(nqn: Nqn, host: HostIdentity, portal: Portal, signal: AbortSignal): Promise<string> {
    const key = connectOptions(nqn, host, portal, this.#timing);
    const running = this.#running.get(nqn) ?? new Map<string, Promise<string>>();
    this.#running.set(nqn, running);
    const attempt = running.get(key) ?? this.#run(portal, key).finally(() => this.#forget(nqn, key));
    running.set(key, attempt);
    return await untilAborted(attempt, signal);
  }

  async #run({ address, port }: Portal, options: string): Promise<string> {
    const name = `${address} port ${port}`;
    try {
      return `${name}: ${wordsOf(await this.#exec("dd", writeOnce, { input: options, signal: never }))}`;
    } catch (error) {
      return `${name}: ${messageOf(error)}`;
    }
  }

  #forget(nqn: Nqn, key: string): void {
    const running = this.#running.get(nqn);
    running?.delete(key);
    if (running?.size === 0) this.#running.delete(nqn);
  }

  /** Waits until no attempt for a subsystem is under way (A2). */
  async settled(nqn: Nqn, signal: AbortSignal): Promise<void> {
    await untilAborted(Promise.allSettled([...(this.#running.get(nqn)?.values() ?? [])]), signal);
  }
}
