/**
 * One QEMU process and what its serial console says.
 * 1. setpriv's parent-death signal ends it with this process, however this process ends.
 * 2. One CPU, and no `-cpu max`: QEMU's parallel TCG now and then panics a guest with two, and max is slower.
 *    Without rdrand the guest's random generator is not ready at boot and key generation fails.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { RootImage } from "./root-image.ts";

export interface QemuOptions {
  readonly image: RootImage;
  readonly memoryMiB: number;
  readonly uuid: string;
  /** Scratch disk files, in guest order. */
  readonly disks: readonly string[];
  /** Mount tag -> directory of the host, read-only in the guest. */
  readonly shares: Readonly<Record<string, string>>;
  /** Unix socket that waits for the guest's port. */
  readonly port: string;
  /** Bounds the memory for translated code, which QEMU lets grow to 1 GiB unless told. */
  readonly translationCacheMiB?: number;
  /** A program and its arguments that become QEMU, like nsenter with a network namespace. */
  readonly enter?: readonly string[];
  /** Further devices, in QEMU's own words. */
  readonly devices?: readonly string[];
}

function qemuArguments(options: QemuOptions): string[] {
  const { image, memoryMiB, uuid, port, translationCacheMiB, devices = [] } = options;
  const accelerator = translationCacheMiB === undefined ? "tcg" : `tcg,tb-size=${translationCacheMiB}`;
  const disk = (path: string, id: string, flags: string) => [
    ...["-drive", `file=${escape(path)},if=none,format=raw,id=${id},${flags}`],
    ...["-device", `virtio-blk-pci,drive=${id},serial=${id}`],
  ];
  return [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"],
    ...["-accel", accelerator, "-cpu", "qemu64,+rdrand", "-smp", "1", "-m", `${memoryMiB}`, "-uuid", uuid],
    ...["-kernel", image.kernel, "-initrd", image.initrd],
    ...["-append", "console=ttyS0 quiet panic=-1 oops=panic mitigations=off apparmor=0"],
    ...disk(image.disk, "root", "readonly=on,file.locking=off"),
    // unsafe = no fsync on the host: its page cache outlives a killed guest, which is all the power loss there is here.
    ...options.disks.flatMap((path, index) => disk(path, `disk${index}`, "cache=unsafe,discard=unmap")),
    ...Object.entries(options.shares).flatMap(([tag, path]) => [
      "-virtfs",
      `local,path=${escape(path)},mount_tag=${tag},security_model=none,readonly=on,multidevs=remap`,
    ]),
    ...["-chardev", `socket,id=port,path=${escape(port)}`, "-device", "virtio-serial-pci"],
    ...["-device", "virtserialport,chardev=port,name=lab"],
    ...devices,
  ];
}

/** In QEMU's option syntax a comma ends the value unless doubled. */
function escape(path: string): string {
  return path.replaceAll(",", ",,");
}

export class Qemu {
  /** Resolves when the process is gone and its console is read to the end. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;

  constructor(options: QemuOptions, onConsole: (text: string) => void) {
    // A group of its own, so that the terminal's Ctrl-C reaches only the program that decides what it means.
    const command = [...(options.enter ?? []), "qemu-system-x86_64", ...qemuArguments(options)];
    this.#child = spawn("setpriv", ["--pdeathsig", "KILL", ...command], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.ended = once(this.#child, "close").then(
      () => undefined,
      (error: unknown) => onConsole(String(error)),
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) follow(stream, onConsole);
  }

  /** Pulls the plug. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}

function follow(stream: Readable | null, onText: (text: string) => void): void {
  stream?.setEncoding("utf8").on("data", onText);
}
