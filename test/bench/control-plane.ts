/**
 * A volume's life without a node, CreateVolume to DeleteVolume, while 10, 100 and 1,000 other volumes exist, all of them
 * published. The same by hand: a sparse file, and what nvmet needs in configfs.
 */
import { timedOne } from "./bare-tools.ts";
import { interleaveOne, paired, type Figure, type Round, type RoundsOptions } from "./figure.ts";
import { GuestBench } from "./guest-bench.ts";

const counts = [10, 100, 1000] as const;
const inFlight = 8;
/** Room for 1,000 volumes of 320 MiB and some. */
const poolMiB = 400 * 1024;
const growthGoal = { kind: "ratio at most", limit: 1.2 } as const;

export async function controlPlane(options: RoundsOptions): Promise<readonly Figure[]> {
  await using bench = await GuestBench.open({ signal: options.signal, poolMiB });
  const of = { family: "control plane", unit: "ms" } as const;
  const figures: Figure[] = [];
  let made = 0;
  for (const count of counts) {
    for (; made < count; made += Math.min(inFlight, count - made)) {
      options.signal.throwIfAborted();
      await makeMore(bench, made, Math.min(inFlight, count - made));
    }
    const rounds = await interleaveOne(options, {
      measured: async () => bench.took(async () => life(bench)),
      reference: async () => timedOne(bench.machine, lifeByHand),
    });
    figures.push({ ...of, name: `life beside ${count} volumes`, against: "file and configfs by hand", rounds });
  }
  const [few, , many] = figures.map(({ rounds }) => rounds);
  const growth = (side: keyof Round) => paired(sideOf(many, side), sideOf(few, side));
  const grown = { ...of, against: `beside ${counts[0]}` } as const;
  return [
    ...figures,
    { ...grown, name: `driver, beside ${counts[2]}`, rounds: growth("measured"), goal: growthGoal },
    { ...grown, name: `by hand, beside ${counts[2]}`, rounds: growth("reference") },
  ];
}

function sideOf(rounds: readonly Round[] = [], side: keyof Round): readonly number[] {
  return rounds.map((round) => round[side]);
}

async function makeMore(bench: GuestBench, from: number, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `other-${from + index}`);
  await Promise.all(names.map(async (name) => bench.published(name)));
}

/** No stage: its cost does not lie with the control plane. */
async function life(bench: GuestBench): Promise<void> {
  const { controller } = bench.caller.client;
  const access_mode = { mode: "SINGLE_NODE_WRITER" } as const;
  const volume_capability = { access_mode, mount: { fs_type: "ext4" } };
  const capacity_range = { required_bytes: String(320 * 1024 * 1024) };
  const request = { name: "lived", capacity_range, volume_capabilities: [volume_capability] };
  const volume_id = (await controller.CreateVolume(request)).volume?.volume_id ?? "";
  const { node } = bench;
  await controller.ControllerPublishVolume({ volume_id, node_id: node, volume_capability });
  await controller.ControllerUnpublishVolume({ volume_id, node_id: node });
  await controller.DeleteVolume({ volume_id });
}

/** The driver's port is open already. */
const lifeByHand = `
file=/pool/by-hand.img; host=/sys/kernel/config/nvmet/hosts/nqn.2014-08.org.example:host
subsystem=/sys/kernel/config/nvmet/subsystems/nqn.2014-08.org.example:by-hand
link=/sys/kernel/config/nvmet/ports/19200/subsystems/by-hand
truncate --size=320M $file; sync $file /pool
mkdir $subsystem; echo 0123456789 > $subsystem/attr_serial; echo by-hand > $subsystem/attr_model
mkdir $subsystem/namespaces/1; echo -n $file > $subsystem/namespaces/1/device_path
echo 6ba7b810-9dad-51d1-80b4-00c04fd430c8 > $subsystem/namespaces/1/device_uuid
echo 1 > $subsystem/namespaces/1/enable
mkdir $host; ln -s $host $subsystem/allowed_hosts/host
ln -s $subsystem $link
rm $subsystem/allowed_hosts/host; rmdir $host
rm $link; rmdir $subsystem/namespaces/1 $subsystem
rm $file; sync /pool`;
