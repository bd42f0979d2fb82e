/**
 * A device that answers nothing any more, neither data nor errors: its calls end with their deadlines, everybody else is
 * served, and nothing is lost once it answers again. The sectors of the volume's backing file are a device of their own under the pool,
 * which is suspended.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { census } from "../support/census.ts";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { mapPool, poolDisk, unmapPool, type MappedDevice } from "../support/mapped-pool.ts";

const limitMs = 15 * 60 * 1000;
const slow = "slow";

interface Extent {
  readonly first: number;
  readonly length: number;
}

/** The extents one after the other as a device, and the disk with that device in their places. */
function devicesOf(disk: string, sectors: number, extents: readonly Extent[]): readonly MappedDevice[] {
  const inside: string[] = [];
  const whole: string[] = [];
  let [done, inSlow] = [0, 0];
  for (const { first, length } of extents) {
    if (first > done) whole.push(`${done} ${first - done} linear ${disk} ${done}`);
    whole.push(`${first} ${length} linear /dev/mapper/${slow} ${inSlow}`);
    inside.push(`${inSlow} ${length} linear ${disk} ${first}`);
    done = first + length;
    inSlow += length;
  }
  whole.push(`${done} ${sectors - done} linear ${disk} ${done}`);
  return [
    { name: slow, table: `${inside.join("\n")}\n` },
    { name: "pool", table: `${whole.join("\n")}\n` },
  ];
}

describe("a volume whose device hangs", { timeout: limitMs }, () => {
  let guest: GuestDriver;
  let volume: GuestVolume;
  let devices: readonly MappedDevice[] = [];
  const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(limitMs), poolMiB: 4096 });
    volume = new GuestVolume(guest, "hung", "ext4");
    await volume.open();
    await run(`echo kept > ${volume.staging}/file`);
    await volume.unstage();
    await volume.unpublish();
    // Later writes go to sectors that the file has already.
    await run(`fallocate --length 320M ${volume.backing}; sync -f ${volume.backing}`);
    const extents = await extentsOf(volume.backing);
    const { disk, sectors } = await poolDisk(guest);
    devices = devicesOf(disk, sectors, extents);
    await mapPool(guest, devices);
    await volume.publish();
    await volume.stage();
  });
  after(async () => {
    try {
      await resume();
      await volume.destroy();
      await guest.stop();
      assert.deepEqual(await census(guest.machine), []);
      await unmapPool(guest, devices);
    } finally {
      await guest[Symbol.asyncDispose]();
    }
  });

  /** First sector on the pool's device and number of sectors, in the order of the device. */
  async function extentsOf(file: string): Promise<readonly Extent[]> {
    const text = await run(`xfs_io -r -c "fiemap -v" ${file}`);
    const found = [...text.matchAll(/\]: +(?<first>\d+)\.\.(?<last>\d+) /g)].map(({ groups = {} }) => ({
      first: Number(groups["first"]),
      length: Number(groups["last"]) + 1 - Number(groups["first"]),
    }));
    return found.toSorted((a, b) => a.first - b.first);
  }

  const suspend = async () => run(`dmsetup suspend --noflush --nolockfs ${slow}`);
  const resume = async () => run(`dmsetup resume ${slow}`);

  /** The driver's own words for the last call, not those of a client that gave up. */
  function lastOf(rpc: string): unknown {
    const line = guest.log.filter((entry) => entry.includes(`"rpc":"${rpc}"`)).at(-1) ?? "{}";
    return (JSON.parse(line) as { readonly code?: string }).code;
  }

  async function assertOthersServed(name: string): Promise<void> {
    await guest.client.identity.Probe({}, { deadlineMs: 1000 });
    const other = new GuestVolume(guest, name, "ext4");
    await other.open();
    await other.nodePublish();
    await other.destroy();
  }

  it("is measured all the same", async () => {
    await suspend();
    const at = { volume_id: volume.id, volume_path: volume.staging };
    const { usage } = await guest.client.node.NodeGetVolumeStats(at, { deadlineMs: 5000 });
    assert.equal(usage.length, 2);
    await resume();
  });

  it("keeps an unstage with unwritten data until its deadline, and nobody else", async () => {
    await run(`dd if=/dev/urandom of=${volume.staging}/dirty bs=1M count=8 status=none`);
    await suspend();
    const request = { volume_id: volume.id, staging_target_path: volume.staging };
    const unstage = async () => guest.client.node.NodeUnstageVolume(request, { deadlineMs: 8000 });
    await assert.rejects(unstage(), { code: "DEADLINE_EXCEEDED" });
    assert.equal(lastOf("NodeUnstageVolume"), "DEADLINE_EXCEEDED");
    // The kernel shows no mount any more, and still has the file system.
    await assert.rejects(unstage(), { code: "ABORTED", message: /nothing may use/ });
    await assertOthersServed("beside-unstage");
    await resume();
    await volume.unstage();
  });

  it("keeps a stage until its deadline, and nobody else", async () => {
    await suspend();
    await run("echo 3 > /proc/sys/vm/drop_caches");
    const stage = volume.stage(volume.context, { deadlineMs: 10_000 });
    await assert.rejects(stage, { code: "DEADLINE_EXCEEDED" });
    assert.equal(lastOf("NodeStageVolume"), "DEADLINE_EXCEEDED");
    await assertOthersServed("beside-stage");
  });

  it("does not keep the process from ending, and has all its data when it answers again", async () => {
    assert.equal(await guest.stop(), 0);
    await resume();
    await guest.start();
    await volume.publish();
    await volume.stage();
    assert.equal(await run(`cat ${volume.staging}/file; stat --format=%s ${volume.staging}/dirty`), "kept\n8388608");
  });
});
