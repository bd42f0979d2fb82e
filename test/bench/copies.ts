/**
 * Snapshot, clone and expansion of a staged ext4 volume that holds 64 MiB, and the same by hand. Besides it there is, for
 * expansion, one of equal size that the bare tools stage and grow.
 */
import type { VolumeCapability } from "../../src/gen/csi/v1/VolumeCapability.ts";
import { poolPath } from "../support/guest-pool.ts";
import { timedOne, type BareVolume } from "./bare-tools.ts";
import { interleaveOne, type Figure, type Round, type RoundsOptions } from "./figure.ts";
import { GuestBench, type PublishedVolume } from "./guest-bench.ts";

const MiB = 1024 * 1024;
const startMiB = 320;
const stepMiB = 64;
const copies = `${poolPath}/bench`;
const volume_capability: VolumeCapability = { access_mode: { mode: "SINGLE_NODE_WRITER" }, mount: { fs_type: "ext4" } };

export async function copying(options: RoundsOptions): Promise<readonly Figure[]> {
  await using bench = await GuestBench.open({ signal: options.signal });
  await bench.machine.exec(["mkdir", copies]);
  const source = await bench.published("source");
  await source.volume.stage();
  await bench.machine.sh(`dd if=/dev/urandom of=${source.volume.staging}/data bs=1M count=64 conv=fsync status=none`);
  const reference = async () => copyByHand(bench, source.bare);
  const snapshot = await interleaveOne(options, { measured: async () => snapshotOf(bench, source), reference });
  const clone = await interleaveOne(options, { measured: async () => cloneOf(bench, source), reference });
  const expand = await expansions(bench, source, options);
  await source.volume.destroy();
  const of = { family: "copies", unit: "ms" } as const;
  return [
    { ...of, name: "snapshot", against: "cp --reflink, sync", rounds: snapshot },
    { ...of, name: "clone", against: "cp --reflink, sync", rounds: clone },
    { ...of, name: "expand", against: "truncate, revalidate_size, resize2fs", rounds: expand },
  ];
}

async function copyByHand({ machine }: GuestBench, bare: BareVolume): Promise<number> {
  const time = await timedOne(machine, bare.copyTo(copies, "copy.img"));
  await machine.exec(["rm", `${copies}/copy.img`]);
  return time;
}

async function snapshotOf(bench: GuestBench, { volume }: PublishedVolume): Promise<number> {
  const { controller } = bench.caller.client;
  let snapshot_id = "";
  const time = await bench.took(async () => {
    const { snapshot } = await controller.CreateSnapshot({ name: "copy", source_volume_id: volume.id });
    snapshot_id = snapshot?.snapshot_id ?? "";
  });
  await controller.DeleteSnapshot({ snapshot_id });
  return time;
}

async function cloneOf(bench: GuestBench, { volume }: PublishedVolume): Promise<number> {
  const { controller } = bench.caller.client;
  const volume_content_source = { volume: { volume_id: volume.id } };
  let volume_id = "";
  const time = await bench.took(async () => {
    const request = { name: "copy", volume_capabilities: [volume_capability], volume_content_source };
    volume_id = (await controller.CreateVolume(request)).volume?.volume_id ?? "";
  });
  await controller.DeleteVolume({ volume_id });
  return time;
}

/** Each round makes both volumes larger by as much. */
async function expansions(bench: GuestBench, own: PublishedVolume, options: RoundsOptions): Promise<readonly Round[]> {
  const other = await bench.published("by-hand");
  await bench.machine.sh(other.bare.script(other.bare.firstStage));
  const sizeIn = (round: number) => (startMiB + stepMiB * (round + 1)) * MiB;
  const rounds = await interleaveOne(options, {
    measured: async (round) => bench.took(async () => grow(bench, own, sizeIn(round))),
    reference: async (round) => timedOne(bench.machine, other.bare.growTo(sizeIn(round))),
  });
  await bench.machine.sh(other.bare.script(other.bare.unstage));
  await other.volume.unpublish();
  await other.volume.delete();
  return rounds;
}

async function grow({ caller }: GuestBench, { volume }: PublishedVolume, bytes: number): Promise<void> {
  const { controller, node } = caller.client;
  const request = { volume_id: volume.id, capacity_range: { required_bytes: String(bytes) }, volume_capability };
  await controller.ControllerExpandVolume(request);
  const { staging } = volume;
  await node.NodeExpandVolume({ ...request, volume_path: staging, staging_target_path: staging });
}
