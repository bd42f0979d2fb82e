/** NodeStageVolume, NodeUnstageVolume and NodePublishVolume of an ext4 volume of 320 MiB, which is the only one there is. */
import { timed, timedOne } from "./bare-tools.ts";
import { interleave, interleaveOne, type Figure, type Round, type RoundsOptions } from "./figure.ts";
import { GuestBench } from "./guest-bench.ts";

export async function staging(options: RoundsOptions): Promise<readonly Figure[]> {
  await using bench = await GuestBench.open({ signal: options.signal });
  const first = await firstStages(bench, options);
  const [restage = [], unstage = []] = await restages(bench, options);
  const publish = await publishes(bench, options);
  const of = { family: "staging", unit: "ms" } as const;
  const goal = { kind: "ratio at most", limit: 1.1 } as const;
  const firstGoal = { kind: "ratio at most", limit: 1.15 } as const;
  return [
    { ...of, name: "first stage", against: "nvme connect, blkid, mkfs, mount", rounds: first, goal: firstGoal },
    { ...of, name: "restage", against: "nvme connect, blkid, e2fsck -p, mount", rounds: restage, goal },
    { ...of, name: "unstage", against: "umount, nvme disconnect", rounds: unstage, goal },
    { ...of, name: "publish", against: "mkdir, mount --bind", rounds: publish },
  ];
}

/** Each on a new volume. */
async function firstStages(bench: GuestBench, options: RoundsOptions): Promise<readonly Round[]> {
  return await interleaveOne(options, {
    measured: async (round) => {
      const { volume } = await bench.published(`driver-${round}`);
      const time = await bench.took(async () => volume.stage());
      await volume.destroy();
      return time;
    },
    reference: async (round) => {
      const { volume, bare } = await bench.published(`bare-${round}`);
      const [time = Number.NaN] = await timed(bench.machine, bare.firstStage, bare.unstage);
      await volume.unpublish();
      await volume.delete();
      return time;
    },
  });
}

/** All on one volume, which has a file system. */
async function restages(bench: GuestBench, options: RoundsOptions): Promise<readonly (readonly Round[])[]> {
  const { volume, bare } = await bench.published("again");
  await volume.stage();
  await volume.unstage();
  const rounds = await interleave(options, {
    measured: async () => [
      await bench.took(async () => volume.stage()),
      await bench.took(async () => volume.unstage()),
    ],
    reference: async () => timed(bench.machine, bare.restage, bare.unstage),
  });
  await volume.destroy();
  return rounds;
}

async function publishes(bench: GuestBench, options: RoundsOptions): Promise<readonly Round[]> {
  const { volume, bare } = await bench.published("published");
  await volume.stage();
  await bench.machine.exec(["mkdir", "-p", volume.target]);
  await bench.machine.exec(["rmdir", volume.target]);
  const rounds = await interleaveOne(options, {
    measured: async () => {
      const time = await bench.took(async () => volume.nodePublish());
      await volume.nodeUnpublish();
      return time;
    },
    reference: async () => {
      const time = await timedOne(bench.machine, bare.publish);
      await bench.machine.sh(bare.unpublish);
      return time;
    },
  });
  await volume.destroy();
  return rounds;
}
