/**
 * LVM on one volume group, by its commands; lists come as JSON.
 *
 * M1  One command at a time: LVM has one lock for each group anyway, and a command that waits for it costs a process.
 * M2  A command that changes something is not cut short when its caller gives up: in the middle of one, devices are
 *     suspended, and every host that writes to them would hang. It ends by itself, or after `limitMs`.
 * M3  No udev, no dmeventd and no copies of the metadata in /etc are needed or waited for: a container has none of them.
 * M4  LVM reads every disk of the machine, but not those that are volumes of this driver, connected here: what a pod has on
 *     one is not ours to interpret, and one that waits for its target would keep the command waiting (F43).
 */
import { join } from "node:path";
import * as z from "zod";
import { largestSize, type Bytes } from "../../domain/capacity.ts";
import { numberOf } from "../../domain/device-number.ts";
import { failure } from "../../domain/errors.ts";
import { driverNqnPrefix } from "../../domain/identity.ts";
import { jsonOf } from "../../domain/json-of.ts";
import type { DeviceNumber } from "../../domain/model.ts";
import type { Exec, ExecResult } from "../../host/exec.ts";
import { listNames, readText, statOf } from "../../host/files.ts";
import { KeyedMutex } from "../../lib/keyed-lock.ts";

export interface LogicalVolume {
  readonly name: string;
  readonly size: Bytes;
  /** Bytes of a piece that a thin pool gives out at once; 0 for anything but a thin pool. */
  readonly chunkSize: Bytes;
  /** The thin pool that it is in; empty for anything but a thin volume. */
  readonly pool: string;
  /** What its thin pool calls it; undefined for anything but a thin volume. */
  readonly thinId?: number;
}

/** An active logical volume, as the kernel has it. */
export interface MappedDevice {
  readonly path: string;
  readonly number: DeviceNumber;
  /** `LVM-`, the UUID of the group and that of the volume, without dashes. */
  readonly uuid: string;
  readonly size: Bytes;
  readonly isSuspended: boolean;
  /** Of a sector, as hosts see it. */
  readonly sectorBytes: number;
}

const limitMs = 10 * 60 * 1000;
const lookMs = 60_000;
const sectorBytes = 512n;
const lockKey = "lvm";
/** M3. */
const settings = [
  ...["activation/udev_sync=0", "activation/udev_rules=0", "activation/monitoring=0"],
  ...["backup/backup=0", "backup/archive=0", "global/wait_for_locks=1"],
];

const decimal = z.string().regex(/^\d+$/).transform(BigInt);
const listed = z
  .object({ lv_name: z.string(), lv_size: decimal, chunk_size: decimal, pool_lv: z.string(), thin_id: z.string() })
  .transform(({ lv_name: name, lv_size: size, chunk_size: chunkSize, pool_lv: pool, thin_id }): LogicalVolume => {
    return { name, size, chunkSize, pool, ...(/^\d+$/.test(thin_id) && { thinId: Number(thin_id) }) };
  });
const report = z.object({ report: z.array(z.object({ lv: z.array(listed) })) });

export class VolumeGroup {
  readonly name: string;
  readonly #exec: Exec;
  readonly #sys: string;
  readonly #mapper: string;
  readonly #lock = new KeyedMutex();

  /** `sys` and `mapper` are where sysfs is mounted and device-mapper's nodes are. */
  constructor(deps: { readonly name: string; readonly exec: Exec; readonly sys?: string; readonly mapper?: string }) {
    this.name = deps.name;
    this.#exec = deps.exec;
    this.#sys = deps.sys ?? "/sys";
    this.#mapper = deps.mapper ?? "/dev/mapper";
  }

  /** What device-mapper calls a volume of the group. */
  mappedName(volume: string): string {
    return [this.name, volume].map((part) => part.replaceAll("-", "--")).join("-");
  }

  path(volume: string): string {
    return join(this.#mapper, this.mappedName(volume));
  }

  /** What the kernel has under the volume's name; undefined while it is not active. */
  async device(volume: string): Promise<MappedDevice | undefined> {
    const path = this.path(volume);
    const found = await statOf(path);
    if (found?.isBlockDevice() !== true) return undefined;
    const number = numberOf(found.rdev);
    const at = join(this.#sys, "dev/block", `${number.major}:${number.minor}`);
    const [uuid, sectors, suspended, sector = "512"] = await Promise.all(
      ["dm/uuid", "size", "dm/suspended", "queue/logical_block_size"].map((name) => readText(join(at, name))),
    );
    if (uuid === undefined || sectors === undefined) return undefined;
    return {
      path,
      number,
      uuid,
      size: BigInt(sectors) * sectorBytes,
      isSuspended: suspended === "1",
      sectorBytes: Number(sector),
    };
  }

  /** One volume; undefined when the group has none of that name. Errors: unavailable without the group. */
  async find(volume: string, signal = AbortSignal.timeout(lookMs)): Promise<LogicalVolume | undefined> {
    return (await this.#list(["--select", `lv_name=${volume}`], signal))[0];
  }

  async list(signal = AbortSignal.timeout(lookMs)): Promise<readonly LogicalVolume[]> {
    return await this.#list([], signal);
  }

  async #list(args: readonly string[], signal: AbortSignal): Promise<readonly LogicalVolume[]> {
    const columns = [
      "-o",
      "lv_name,lv_size,chunk_size,pool_lv,thin_id",
      "--units",
      "b",
      "--nosuffix",
      "--reportformat",
      "json",
    ];
    const result = await this.#lvm("lvs", [...columns, ...args, this.name], signal);
    if (result.exitCode !== 0) throw this.#failed("lvs", result);
    const parsed = report.safeParse(jsonOf(result.stdout));
    if (parsed.success) return parsed.data.report.flatMap(({ lv }) => lv);
    const rule = "lvs must answer with a report in JSON";
    throw failure("unavailable", { cannot: `list volume group ${this.name}`, rule, got: result.stdout });
  }

  /** M2. `args` follow the command; the last names a volume, or the group, in LVM's way. */
  async change(command: string, args: readonly string[]): Promise<void> {
    const result = await this.#lvm(command, ["--yes", ...args], AbortSignal.timeout(limitMs));
    if (result.exitCode !== 0) throw this.#failed(command, result);
  }

  /** Makes the kernel have the volumes; those that are active already stay as they are. */
  async activate(volumes: readonly string[]): Promise<void> {
    const names = volumes.map((volume) => `${this.name}/${volume}`);
    if (names.length > 0) await this.change("lvchange", ["--activate", "y", "--ignoreactivationskip", ...names]);
  }

  /** Runs work during which no LVM command runs, at least none of this driver; it must start none itself. */
  async quiet<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return await this.#lock.run(lockKey, signal, work);
  }

  async #lvm(command: string, args: readonly string[], signal: AbortSignal): Promise<ExecResult> {
    return await this.#lock.run(lockKey, signal, async () => {
      const config = [...settings, await this.#filter()].join(" ");
      return await this.#exec("lvm", [command, "--config", config, ...args], { signal });
    });
  }

  /** M4. */
  async #filter(): Promise<string> {
    const at = join(this.#sys, "block");
    const disks = (await listNames(at)).filter((name) => name.startsWith("nvme"));
    const nqns = await Promise.all(disks.map(async (name) => readText(join(at, name, "device/subsysnqn"))));
    const own = disks.filter((_name, index) => nqns[index]?.startsWith(driverNqnPrefix) === true);
    const refused = own.map((name) => `"r|^/dev/${name}(p[0-9]+)?$|"`);
    return `devices/global_filter=[${[...refused, '"a|.*|"'].join(",")}]`;
  }

  #failed(command: string, { exitCode, stderr }: ExecResult) {
    const said = stderr.trim().slice(-500) || `${command} failed`;
    const isFull = /insufficient (?:free )?space|insufficient suitable|free space in volume group/i.test(said);
    const cannot = `run ${command} on volume group ${this.name}`;
    return failure(isFull ? "no_capacity" : "unavailable", { cannot, rule: said, got: exitCode });
  }
}

/** What LVM takes as a size in bytes. */
export function lvmBytes(size: Bytes): string {
  if (size <= 0n || size > largestSize) throw new Error(`BUG: a size of ${size} bytes`);
  return `${size}b`;
}
