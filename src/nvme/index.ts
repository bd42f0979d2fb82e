/**
 * The door to the NVMe/TCP initiator of this host.
 *
 * N1  A device is known by subsystem NQN and namespace UUID, exactly equal (R5); a name such as nvme0n1 is never
 *     derived and never kept across operations (V12).
 * N2  State is read from sysfs only; what a connect ended with proves nothing (V34, V35).
 * N3  A controller is deleted by its own sysfs file, after its subsystem NQN was compared; nothing disconnects "all".
 */
import type { Bytes } from "../domain/capacity.ts";
import type { HostIdentity, Nqn, Uuid } from "../domain/identity.ts";
import type { Condition, DeviceNumber, Portal } from "../domain/model.ts";

/** The subsystem and namespace of one volume. */
export interface Target {
  readonly nqn: Nqn;
  readonly uuid: Uuid;
}

export interface ConnectRequest extends Target {
  readonly host: HostIdentity;
  readonly portals: readonly Portal[];
  /** The device must be at least this large before it counts as present. */
  readonly atLeast: Bytes;
}

/** A live multipath head device whose identity was checked. */
export interface NvmeDevice {
  /** `/dev/nvme0n1`. */
  readonly path: string;
  /** `nvme0n1`: its name in sysfs. */
  readonly name: string;
  readonly number: DeviceNumber;
  readonly size: Bytes;
  /** UUID of its namespace. */
  readonly uuid: Uuid;
  /** The kernel's count of disks when it came: no other device has it until a reboot. Absent where the kernel has none. */
  readonly sequence?: number;
}

export interface Initiator {
  /**
   * Connects every portal that has no controller yet and waits for the verified device. Controllers of the same
   * subsystem with another host NQN are deleted first, and their device waited away (DESIGN 4). One live path is
   * enough. Errors: unavailable (no path), precondition (wrong uuid or size), timeout.
   */
  connect(request: ConnectRequest, signal: AbortSignal): Promise<NvmeDevice>;
  /** The device of a target as sysfs shows it now, or undefined. */
  find(target: Target, signal: AbortSignal): Promise<NvmeDevice | undefined>;
  /** Waits until a device that is connected has at least so many bytes. Errors: timeout. */
  grown(target: Target, atLeast: Bytes, signal: AbortSignal): Promise<NvmeDevice>;
  /** Who bears a device number now: the UUID of a namespace, `other` for any other device, undefined for nobody. */
  bearerOf(number: DeviceNumber): Promise<Uuid | "other" | undefined>;
  /** The host NQNs of all controllers of a subsystem, whatever their state. */
  hostsOf(nqn: Nqn): Promise<readonly string[]>;
  /** Deletes every controller of the subsystem and waits until it is gone from sysfs. Absent = done. */
  disconnect(nqn: Nqn, signal: AbortSignal): Promise<void>;
  /** Health of the connection. */
  condition(target: Target): Promise<Condition>;
}
