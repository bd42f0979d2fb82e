/**
 * A node without a controller, and devices that the kernel's target serves to it by hand: what the node is told of a
 * volume, and what is behind it, is the test's choice alone.
 */
import { encodeAttachment } from "../../../src/csi/publish-context.ts";
import { exportIdentityOf, volumeIdOf, type ClusterId } from "../../../src/domain/identity.ts";
import type { Content as SeenContent } from "../../../src/domain/model.ts";
import { CsiError } from "../../support/csi-client.ts";
import { guestCluster, startGuestDriver, type GuestDriver } from "../../support/guest-driver.ts";
import { poolPath } from "../../support/guest-pool.ts";
import { startGuestMode, type GuestMode } from "../../support/guest-mode.ts";
import { contents, damageOf, volumeMiB, type Content, type DamageName } from "./device-states.ts";
import type { Request } from "./expected.ts";

const portal = { address: "127.0.0.1", port: 4421 };
const configfs = "/sys/kernel/config/nvmet";
const port = `${configfs}/ports/77`;
const folder = `${poolPath}/matrix`;
const file = `${folder}/device`;
const kept = `${folder}/kept`;
const staging = "/run/matrix/staging";
const mapped = "matrix";
const strangersUuid = "5f9e2a34-0000-4000-8000-000000000001";
const MiB = 1024n * 1024n;
/** For a device that will never be large enough. */
const shortMs = 4000;

export interface Answer {
  readonly code: string;
  readonly message: string;
  /** Whether anything was written to the device. */
  readonly isTouched: boolean;
  /** File system at the staging path. */
  readonly mounted: string;
}

export class MatrixBench implements AsyncDisposable {
  readonly #guest: GuestDriver;
  readonly #mode: GuestMode;
  readonly #volume = volumeIdOf(guestCluster as ClusterId, "matrix");
  readonly #target = exportIdentityOf(guestCluster as ClusterId, this.#volume);
  #epoch = 0;

  private constructor(guest: GuestDriver, mode: GuestMode) {
    this.#guest = guest;
    this.#mode = mode;
  }

  static async open(signal: AbortSignal): Promise<MatrixBench> {
    const guest = await startGuestDriver({ signal, poolMiB: 8192 });
    await guest.stop();
    const { machine } = guest;
    const mode = await startGuestMode(machine, "node");
    await machine.sh(`mkdir -p ${folder} ${staging} ${port}; cd ${port}; echo tcp > addr_trtype; echo ipv4 > addr_adrfam
      echo ${portal.address} > addr_traddr; echo ${portal.port} > addr_trsvcid`);
    return new MatrixBench(guest, mode);
  }

  /** Makes the device and serves it. */
  async serve(content: Content, damage: DamageName): Promise<void> {
    const { script = ":", madeMiB = volumeMiB, unreadableAt, isStranger } = damageOf(damage);
    await this.#run(`set -- ${kept}; rm -f "$1"; truncate -s ${madeMiB}M "$1"; ${contents[content]}; ${script}
      cp --reflink=always ${kept} ${file}; sync -f ${file}`);
    const path = unreadableAt === undefined ? file : `/dev/mapper/${mapped}`;
    if (unreadableAt !== undefined) await this.#mapWithout(unreadableAt);
    const uuid = isStranger ? strangersUuid : this.#target.uuid;
    const subsystem = `${configfs}/subsystems/${this.#target.nqn}`;
    await this
      .#run(`mkdir ${subsystem}; cd ${subsystem}; echo 1 > attr_allow_any_host; mkdir namespaces/1; cd namespaces/1
      echo -n ${path} > device_path; echo -n ${uuid} > device_uuid; echo 1 > enable
      ln -s ${subsystem} ${port}/subsystems/`);
  }

  async #mapWithout(atMiB: number): Promise<void> {
    const [sectors, bad, length] = [volumeMiB * 2048, atMiB * 2048, 8];
    const rest = bad + length;
    await this.#run(`disk=$(losetup --find --show --sector-size 4096 ${file})
      { [ ${bad} = 0 ] || echo "0 ${bad} linear $disk 0"; echo "${bad} ${length} error"
        echo "${rest} ${sectors - rest} linear $disk ${rest}"; } | dmsetup create ${mapped} --noudevsync; dmsetup mknodes`);
  }

  /** Takes the device away. */
  async withdraw(): Promise<void> {
    const subsystem = `${configfs}/subsystems/${this.#target.nqn}`;
    await this.#run(`rm ${port}/subsystems/*; rmdir ${subsystem}/namespaces/1 ${subsystem}
      if dmsetup info ${mapped} > /dev/null 2>&1; then dmsetup remove ${mapped}; rm -f /dev/mapper/${mapped}; fi
      for disk in $(losetup --list --noheadings --output NAME --associated ${file}); do losetup --detach $disk; done`);
  }

  /** Stages the device under a new publication, takes it back, and makes it what it was before. */
  async stage(request: Request, damage: DamageName, content: SeenContent | undefined): Promise<Answer> {
    const before = await this.#lastWrite();
    const answer = await this.#stage(request, damage, content);
    const mounted = await this.#run(`findmnt --noheadings --output FSTYPE ${staging} || true`);
    const volume_id = `nvmet/${this.#volume}`;
    await this.#mode.client.node.NodeUnstageVolume({ volume_id, staging_target_path: staging });
    const isTouched = (await this.#lastWrite()) !== before;
    // The same inode: the target and a loop device hold it open.
    if (isTouched) await this.#run(`dd if=${kept} of=${file} bs=1M conv=notrunc,fsync status=none`);
    return { ...answer, isTouched, mounted };
  }

  async #stage(request: Request, damage: DamageName, content: SeenContent | undefined) {
    this.#epoch += 1;
    const size = BigInt(damageOf(damage).saidMiB ?? volumeMiB) * MiB;
    const seen = content ?? { state: "blank" };
    const attachment = {
      epoch: this.#epoch,
      portals: [portal],
      size,
      blankSizes: [size],
      access: "read-write",
    } as const;
    const context = encodeAttachment({ ...attachment, content: seen });
    if (content === undefined) Reflect.deleteProperty(context, "content");
    const use = request === "block" ? { block: {} } : { mount: { fs_type: request, mount_flags: [] } };
    const stage = {
      volume_id: `nvmet/${this.#volume}`,
      publish_context: context,
      staging_target_path: staging,
      volume_capability: { access_mode: { mode: "SINGLE_NODE_WRITER" } as const, ...use },
    };
    for (;;) {
      try {
        await this.#mode.client.node.NodeStageVolume(stage, damage === "wrong size" ? { deadlineMs: shortMs } : {});
        return { code: "OK", message: "" };
      } catch (error) {
        if (!(error instanceof CsiError)) throw error;
        // On a busy machine the driver's own words may come too late: they are asked for once more.
        if (!error.message.startsWith("Deadline exceeded after")) return { code: error.code, message: error.message };
      }
    }
  }

  async #lastWrite(): Promise<string> {
    return await this.#run(`sync -f ${file}; stat --format=%.9Y ${file}`);
  }

  async #run(script: string): Promise<string> {
    return (await this.#guest.machine.sh(script)).stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mode.stop();
    await this.#run(`rmdir ${port}; rm -rf ${folder}; rmdir ${staging}`);
    await this.#guest[Symbol.asyncDispose]();
  }
}
