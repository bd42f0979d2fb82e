/**
 * The argument vector of `nvme connect`, and the attempts that are under way.
 *
 * A1  Every value has a checked type before it reaches nvme-cli, which pastes it into an option string of the kernel
 *     where the last duplicate wins (V28).
 * A2  An attempt is not cut short by the request that started it: a killed nvme-cli may leave a connect running in the
 *     kernel, whose controller would appear after a disconnect. Disconnecting waits for the attempts of its subsystem.
 * A3  The outcome is text for an error message only; sysfs says whether there is a controller (V34, V35).
 */
import { isIP, SocketAddress } from "node:net";
import { failure, messageOf } from "../domain/errors.ts";
import type { HostIdentity, Nqn } from "../domain/identity.ts";
import type { Portal } from "../domain/model.ts";
import type { Exec } from "../host/exec.ts";
import { untilAborted } from "../lib/abort.ts";

/** Seconds, as nvme-cli and the kernel count them. */
export interface Timing {
  readonly reconnectDelay: number;
  readonly keepAlive: number;
}

const longestNqn = 222;
const nqnPattern = /^nqn\.[a-z0-9.:-]+$/;
const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** The kernel gives up a TCP connect after about 3 s and a silent target after 60 s. */
const attemptLimitMs = 90_000;

function check(holds: boolean, rule: string, got: unknown): void {
  if (!holds) throw failure("invalid_argument", { cannot: "connect a subsystem", rule, got });
}

export function checkNqn(nqn: string): void {
  const rule = `an NQN has at most ${longestNqn} characters, "nqn." and a-z 0-9 . : -`;
  check(nqn.length <= longestNqn && nqnPattern.test(nqn), rule, nqn);
}

export function connectArguments(nqn: Nqn, host: HostIdentity, portal: Portal, timing: Timing): readonly string[] {
  const { address, port } = portal;
  const { reconnectDelay, keepAlive } = timing;
  checkNqn(nqn);
  checkNqn(host.hostNqn);
  check(uuidPattern.test(host.hostId), "a host id is a lower-case UUID", host.hostId);
  check(isIP(address) !== 0 && !address.includes("%"), "a portal has an IP address without a zone", address);
  check(Number.isInteger(port) && port >= 1 && port <= 65535, "a port lies between 1 and 65535", port);
  check(Number.isInteger(reconnectDelay) && reconnectDelay > 0, "the reconnect delay is in whole seconds", timing);
  check(Number.isInteger(keepAlive) && keepAlive > 0, "the keep-alive time is in whole seconds", timing);
  const target = ["--transport", "tcp", "--traddr", address, "--trsvcid", String(port), "--nqn", nqn];
  const identity = ["--hostnqn", host.hostNqn, "--hostid", host.hostId];
  // -1: the kernel never gives the device up by itself (V10, F46).
  const times = ["--ctrl-loss-tmo", "-1", "--reconnect-delay", String(reconnectDelay)];
  return ["connect", ...target, ...identity, ...times, "--keep-alive-tmo", String(keepAlive)];
}

/** Whether two portals are the same; IPv6 addresses have many spellings. */
export function samePortal(a: Portal, b: Portal): boolean {
  return a.port === b.port && canonical(a.address) === canonical(b.address);
}

function canonical(address: string): string {
  const family = isIP(address);
  return family === 6 && !address.includes("%") ? new SocketAddress({ address, family: "ipv6" }).address : address;
}

/** The attempts to connect that run now, by subsystem and argument vector. */
export class ConnectAttempts {
  readonly #exec: Exec;
  readonly #timing: Timing;
  readonly #running = new Map<Nqn, Map<string, Promise<string>>>();

  constructor(exec: Exec, timing: Timing) {
    this.#exec = exec;
    this.#timing = timing;
  }

  /** Starts or joins the attempt for one portal; resolves with what nvme-cli said, and rejects only with the signal. */
  async connect(nqn: Nqn, host: HostIdentity, portal: Portal, signal: AbortSignal): Promise<string> {
    const args = connectArguments(nqn, host, portal, this.#timing);
    const running = this.#running.get(nqn) ?? new Map<string, Promise<string>>();
    this.#running.set(nqn, running);
    const key = args.join(" ");
    const attempt = running.get(key) ?? this.#run(portal, args).finally(() => this.#forget(nqn, key));
    running.set(key, attempt);
    return await untilAborted(attempt, signal);
  }

  async #run({ address, port }: Portal, args: readonly string[]): Promise<string> {
    const name = `${address} port ${port}`;
    try {
      const result = await this.#exec("nvme", args, { signal: AbortSignal.timeout(attemptLimitMs) });
      const said = result.stderr.trim() || result.stdout.trim();
      return `${name}: ${said || `nvme connect ended with ${result.exitCode ?? "a signal"}`}`;
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
