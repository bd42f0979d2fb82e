/**
 * Situations in which mkfs must not run. Each is played once with the driver, which must refuse, and once with a driver
 * that lacks one guard, which must do the harm.
 */
import { volumeBytes, type Answer, type GateVolume, type PublishContext } from "./gate-volume.ts";
import type { ForeignData } from "./foreign-data.ts";
import type { GateBench } from "./bench.ts";

export interface Verdict extends Answer {
  /** Whether anything was written to what must not be written to. */
  readonly touched: boolean;
}

export type Scenario = (bench: GateBench) => Promise<Verdict>;

async function judge(volume: GateVolume, context: PublishContext): Promise<Verdict> {
  await volume.preserve();
  const answer = await volume.stage(context);
  return { ...answer, touched: await volume.isTouched() };
}

/** Data arrives after the target has called the volume blank. */
export function hiddenFromTarget({ write }: ForeignData): Scenario {
  return async (bench) => {
    await using volume = await bench.volume();
    const context = await volume.publish();
    await volume.run(write);
    return await judge(volume, context);
  };
}

/** Data where no region of the gate lies, but the target knows of it. */
export const knownToTargetAlone: Scenario = async (bench) => {
  await using volume = await bench.volume();
  await volume.run(`echo data | dd of="$1" bs=1M seek=50 conv=notrunc,fsync status=none`);
  return await judge(volume, await volume.publish());
};

/** The ways to lose all bytes of a file: without blocks, as after a wrong restore, and with blocks. */
export const zeroings = {
  "punched out": `fallocate --punch-hole --offset 0 --length ${volumeBytes} "$1"`,
  "overwritten with zeros": `fallocate --zero-range --offset 0 --length ${volumeBytes} "$1"`,
} as const;
type Zeroing = keyof typeof zeroings;

async function zero(volume: GateVolume, how: Zeroing): Promise<void> {
  await volume.run(`${zeroings[how]}; sync "$1"; echo 1 > /proc/sys/vm/drop_caches`);
}

async function formatted(bench: GateBench) {
  const volume = await bench.volume();
  const context = await volume.publish();
  const { code, message } = await volume.stage(context);
  if (code !== "OK") throw new Error(`cannot format the volume: ${message}`);
  return { volume, context };
}

/** The target has seen the file system at the unpublish. */
export function zeroedBetweenPublications(how: Zeroing): Scenario {
  return async (bench) => {
    const { volume } = await formatted(bench);
    await using _held = volume;
    await volume.unstage();
    await volume.unpublish();
    await zero(volume, how);
    return await judge(volume, await volume.publish());
  };
}

/** The node lost its mount, as in a reboot; nobody has told the target. */
export const zeroedInOnePublication: Scenario = async (bench) => {
  const { volume, context } = await formatted(bench);
  await using _held = volume;
  await volume.loseMount();
  await zero(volume, "punched out");
  return await judge(volume, context);
};

/** As a kubelet does when the next pod on the node follows at once: same VolumeAttachment, same context. */
export const zeroedBetweenStages: Scenario = async (bench) => {
  const { volume, context } = await formatted(bench);
  await using _held = volume;
  await volume.unstage();
  await zero(volume, "punched out");
  return await judge(volume, context);
};

/** What is on the device cannot be read, whatever it is. */
export async function judgeUnreadable(bench: GateBench, volume: GateVolume, context: PublishContext): Promise<Verdict> {
  await volume.preserve();
  await bench.failHead(volume.backing);
  try {
    const answer = await volume.stage(context);
    return { ...answer, touched: await volume.isTouched() };
  } finally {
    await bench.failHead(undefined);
  }
}

export const unreadableFilesystem: Scenario = async (bench) => {
  const { volume, context } = await formatted(bench);
  await using _held = volume;
  await volume.unstage();
  return await judgeUnreadable(bench, volume, context);
};

/** Enters the volume's namespace in configfs and disables it; no host is connected yet. */
const reopen = ({ nqn }: GateVolume) => `cd /sys/kernel/config/nvmet/subsystems/${nqn}/namespaces/1; echo 0 > enable`;
const strangersUuid = "5f9e2a34-0000-4000-8000-000000000001";

/** The target serves another volume's blank device under the name of this one. */
export const strangersDevice: Scenario = async (bench) => {
  await using stranger = await bench.volume();
  await using volume = await bench.volume();
  const context = await volume.publish();
  const become = `echo -n ${stranger.backing} > device_path; echo ${strangersUuid} > device_uuid`;
  await volume.run(`${reopen(volume)}; ${become}; echo 1 > enable`);
  await stranger.preserve();
  const answer = await volume.stage(context);
  return { ...answer, touched: await stranger.isTouched() };
};

/** The target serves half of the volume; the driver waits for the rest as long as the caller does. */
export function shrunkDevice(stageLimitMs: number): Scenario {
  return async (bench) => {
    await using volume = await bench.volume({ stageLimitMs });
    const context = await volume.publish();
    await volume.run(`truncate -s ${volumeBytes / 2} "$1"; ${reopen(volume)}; echo 1 > enable`);
    try {
      return await judge(volume, context);
    } finally {
      await volume.unstage();
      await volume.run(`truncate -s ${volumeBytes} "$1"`);
    }
  };
}

/** Another disk's node has the name that the volume's device gets; devtmpfs leaves an existing node alone. */
export const strangersDeviceNode: Scenario = async (bench) => {
  const { machine, bystander } = bench;
  await using volume = await bench.volume();
  const context = await volume.publish();
  await machine.sh(`ls /sys/class/nvme | grep . && exit 1 || cp -a ${bystander} /dev/nvme0n1`);
  try {
    const answer = await volume.stage(context);
    const read = `dd if=${bystander} bs=1M count=4 iflag=direct status=none | tr -d '\\0' | wc -c`;
    const touched = Number((await machine.sh(read)).stdout) > 0;
    await volume.unstage();
    return { ...answer, touched };
  } finally {
    const clear = `dd if=/dev/zero of=${bystander} bs=1M count=4 conv=fsync status=none`;
    await machine.sh(`umount -q ${volume.staging} || true; rm /dev/nvme0n1; ${clear}`);
  }
};
