/**
 * The bare tools in the guest: what a person would type to do the same work, with the options that the driver uses. The
 * shell that runs them is up before the clock starts, and waits without a program of its own.
 */
import { join } from "node:path";
import { defaultMkfsOptions } from "../../src/domain/class-parameters.ts";
import { hostIdentityOf, parseVolumeId, type HostIdentity } from "../../src/domain/identity.ts";
import { parseNodeId } from "../../src/domain/node-id.ts";
import { kinds } from "../../src/filesystem/kinds.ts";
import type { Machine } from "../lab/machine.ts";
import type { GuestVolume } from "../support/guest-volume.ts";

/** A machine, as far as a shell goes. */
export type Shell = Pick<Machine, "sh">;

const portal = { address: "127.0.0.1", port: 4420 };
/** The driver's defaults (src/config/config.ts). */
const timing = { reconnectDelay: 2, keepAlive: 5 };
const { ext4 } = kinds;

/** `pause` waits for 5 ms; `head_of NQN` puts the device of a subsystem into `head`. */
const functions = `
exec 9<> <(:)
pause() { read -r -t 0.005 -u 9 || true; }
head_of() {
  local directory name path
  for directory in /sys/class/nvme-subsystem/*; do
    name=; read -r name < "$directory/subsysnqn" || continue
    [ "$name" = "$1" ] || continue
    for path in "$directory"/nvme*n*; do [ -b "/dev/\${path##*/}" ] && head="/dev/\${path##*/}" && return; done
  done
  return 1
}`;

/** Runs a script in the guest and returns the milliseconds that it took there, or each part of it. */
export async function timed(machine: Shell, ...parts: readonly string[]): Promise<readonly number[]> {
  const measured = parts.map(
    (part) => `begin=\${EPOCHREALTIME/./}\n${part}\nend=\${EPOCHREALTIME/./}\necho $((end - begin)) >&3\n`,
  );
  const { stdout } = await machine.sh(`exec 3>&1 > /dev/null\n${functions}\n${measured.join("")}`);
  const times = stdout.trim().split("\n").map(Number);
  if (times.length !== parts.length) throw new Error(`expected ${parts.length} times; got '${stdout}'`);
  return times.map((microseconds) => microseconds / 1000);
}

export async function timedOne(machine: Shell, script: string): Promise<number> {
  const [time = Number.NaN] = await timed(machine, script);
  return time;
}

export function shellWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function command(argv: readonly string[]): string {
  return argv.map(shellWord).join(" ");
}

export type ToStage = Pick<GuestVolume, "id" | "nqn" | "uuid" | "backing" | "staging" | "target" | "context">;

/** The words of each step for one published volume; `node` is the node id of the driver in the guest. */
export class BareVolume {
  readonly #volume: ToStage;
  readonly #host: HostIdentity;

  constructor(volume: ToStage, node: string) {
    const uuid = parseNodeId(node)?.uuid;
    const id = parseVolumeId(volume.id.slice(volume.id.indexOf("/") + 1));
    if (uuid === undefined || id === undefined) throw new Error(`BUG: ${node} or ${volume.id} is no id`);
    this.#volume = volume;
    this.#host = hostIdentityOf(uuid, id, Number(volume.context["epoch"]));
  }

  /** One of the steps, to be run without a clock. */
  script(step: string): string {
    return `${functions}\n${step}`;
  }

  /** Leaves the device's path in `head`. */
  get connect(): string {
    const { nqn } = this.#volume;
    const { hostNqn, hostId } = this.#host;
    const target = ["--transport", "tcp", "--traddr", portal.address, "--trsvcid", String(portal.port), "--nqn", nqn];
    const times = ["--reconnect-delay", String(timing.reconnectDelay), "--keep-alive-tmo", String(timing.keepAlive)];
    const argv = [...target, "--hostnqn", hostNqn, "--hostid", hostId, "--ctrl-loss-tmo", "-1", ...times];
    return `${command(["nvme", "connect", ...argv])}; until head_of ${nqn}; do pause; done`;
  }

  /** blkid ends with 2 where it sees nothing. */
  get look(): string {
    return `blkid -p -o export "$head" || [ $? = 2 ]`;
  }

  get make(): string {
    const { uuid } = this.#volume;
    const argv = ext4.mkfs({ path: "HEAD", uuid, isOver: false, options: defaultMkfsOptions });
    return command(argv).replace("'HEAD'", '"$head"');
  }

  get check(): string {
    return `e2fsck -p "$head"`;
  }

  get mount(): string {
    const options = [...ext4.options, "rw"].join(",");
    return `mount -t ext4 -o ${options} --source "$head" --target ${this.#volume.staging}`;
  }

  get firstStage(): string {
    return [this.connect, this.look, this.make, this.mount].join("\n");
  }

  get restage(): string {
    return [this.connect, this.look, this.check, this.mount].join("\n");
  }

  get unstage(): string {
    const { nqn, staging } = this.#volume;
    return `umount ${staging}; nvme disconnect --nqn ${nqn}; while head_of ${nqn}; do pause; done`;
  }

  get publish(): string {
    const { staging, target } = this.#volume;
    return `mkdir ${target}; mount --bind ${staging} ${target}`;
  }

  get unpublish(): string {
    return `umount ${this.#volume.target}; rmdir ${this.#volume.target}`;
  }

  /** A copy of the backing file that shares its blocks, on the medium when it ends. */
  copyTo(directory: string, name: string): string {
    const file = join(directory, name);
    return `cp --reflink=always ${this.#volume.backing} ${file}; sync ${file} ${directory}`;
  }

  /** The mounted file system and everything below it. */
  growTo(bytes: number): string {
    const { backing, nqn } = this.#volume;
    const revalidate = `/sys/kernel/config/nvmet/subsystems/${nqn}/namespaces/1/revalidate_size`;
    const size = `/sys/class/block/\${head##*/}/size`;
    return [
      `head_of ${nqn}`,
      `truncate --size=${bytes} ${backing}; sync ${backing}`,
      `echo 1 > ${revalidate}`,
      `sectors=0; until [ "$sectors" = ${bytes / 512} ]; do pause; read -r sectors < "${size}"; done`,
      `resize2fs "$head" 2> /dev/null`,
    ].join("\n");
  }
}
