/**
 * Snapshots of several volumes at one instant, on a thin pool of the real kernel: a host writes to each volume in turn, and
 * begins no write before the last one has ended; what the snapshots hold together must be all of it up to one write, and
 * nothing later.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { VolumeGroupSnapshot__Output } from "../../src/gen/csi/v1/VolumeGroupSnapshot.ts";
import { BlockLedger } from "../support/block-ledger/block-ledger.ts";
import { census } from "../support/census.ts";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { labGroup, runLvm } from "../support/guest-pool.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { itInLongRounds } from "../support/long-round.ts";
import { buildMutant, type Mutation } from "../support/mutant.ts";

const limitMs = 15 * 60 * 1000;
const limit = () => AbortSignal.timeout(60_000);

/** What a group must hold: each write up to `least`, and none beyond `most`. */
interface Taken {
  readonly name: string;
  readonly group: VolumeGroupSnapshot__Output;
  readonly least: number;
  readonly most: number;
}

/** A driver that holds nothing while it takes one snapshot after the other. */
const unheld: readonly Mutation[] = [
  {
    name: "unsuspended-sources",
    file: "src/target-agent/layers/snap-together.ts",
    replace: 'assertAll(await each(limit, "suspend", "--nolockfs"));',
    by: "",
  },
  {
    name: "unchecked-sources",
    file: "src/target-agent/layers/snap-together.ts",
    replace: "?.isSuspended === true) continue;",
    by: "?.isSuspended !== undefined) continue;",
  },
];

describe("volumes of a thin pool that are written to in turn", { timeout: limitMs }, () => {
  let guest: GuestDriver;
  let volumes: readonly GuestVolume[] = [];
  const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(limitMs), poolMiB: 4096, layer: "lvm-thin" });
    volumes = ["one", "two", "three"].map((name) => new GuestVolume(guest, name, "block"));
    for (const volume of volumes) {
      await volume.open();
      await volume.nodePublish();
    }
  });
  after(async () => guest[Symbol.asyncDispose]());

  async function take(name: string): Promise<VolumeGroupSnapshot__Output> {
    const source_volume_ids = volumes.map(({ id }) => id);
    const { group_snapshot } = await guest.client.groups.CreateVolumeGroupSnapshot({ name, source_volume_ids });
    return group_snapshot ?? assert.fail("no group in the answer");
  }

  async function drop({ group_snapshot_id, snapshots }: VolumeGroupSnapshot__Output): Promise<void> {
    const snapshot_ids = snapshots.map(({ snapshot_id }) => snapshot_id);
    await guest.client.groups.DeleteVolumeGroupSnapshot({ group_snapshot_id, snapshot_ids });
  }

  /** Copies of a group's snapshots, in the order of the volumes. */
  async function restore(name: string, { snapshots }: VolumeGroupSnapshot__Output): Promise<readonly GuestVolume[]> {
    const copies: GuestVolume[] = [];
    for (const { id } of volumes) {
      const snapshot = snapshots.find(({ source_volume_id }) => source_volume_id === id);
      const copy = new GuestVolume(guest, `${name}-${copies.length}`, "block");
      await copy.open(320, { snapshot: { snapshot_id: snapshot?.snapshot_id ?? "" } });
      copies.push(copy);
    }
    return copies;
  }

  const pathsOf = async (of: readonly GuestVolume[]) => Promise.all(of.map(async (volume) => volume.device()));

  /** A group that is taken while the ledger runs. */
  async function takeWhile(name: string, ledger: BlockLedger): Promise<Taken> {
    await ledger.advance(30, limit());
    const least = ledger.promised;
    const group = await take(name);
    await ledger.advance(30, limit());
    return { name, group, least, most: ledger.promised };
  }

  /** What the snapshots of a group hold together; the group goes. */
  async function judge(ledger: BlockLedger, { name, group, ...bounds }: Taken): Promise<void> {
    const copies = await restore(name, group);
    try {
      await ledger.judge(await pathsOf(copies), bounds);
    } finally {
      for (const copy of copies) await copy.destroy();
      await drop(group);
    }
  }

  async function openLedger(first: number): Promise<BlockLedger> {
    const path = volumes.map(({ target }) => target);
    return await BlockLedger.open(guest.machine, { path, volume: "group", first });
  }

  it("give a group of snapshots that is of one instant, and go on being written", async () => {
    const ledger = await openLedger(0);
    const taken = await takeWhile("group", ledger);
    // It takes the processor from whatever comes next.
    await ledger.close();
    await ledger.judge(await pathsOf(volumes), { least: ledger.promised, most: ledger.promised + 1 });
    await judge(ledger, taken);
  });

  itInLongRounds(
    "would give snapshots of several instants if they were not suspended together (the test of the test)",
    async () => {
      await guest.stop();
      await guest.start(await buildMutant(...unheld));
      const ledger = await openLedger(1000);
      const torn = await takeWhile("torn", ledger);
      await ledger.close();
      await assert.rejects(judge(ledger, torn), { name: "AssertionError", message: /as after write/ });
      await guest.restart();
    },
  );

  it("go on when the driver dies while they are suspended, and nothing is left of the group", async () => {
    // The order to take the first snapshot does not end; the sources are suspended by then.
    await run(
      'printf \'#!/bin/sh\\ncase "$*" in *create_snap*) sleep 1000;; esac\\nexec /run/dmsetup "$@"\\n\' > /run/slow',
    );
    const path = await run("readlink -f $(command -v dmsetup)");
    await run(`cp ${path} /run/dmsetup; chmod +x /run/slow; mount --bind /run/slow ${path}`);
    const taking = take("cut-off").catch(() => undefined);
    await run(
      "for i in $(seq 100); do dmsetup info -c --noheadings -o suspended | grep -q Susp && exit 0; sleep 0.2; done; exit 1",
    );
    await guest.kill();
    await taking;
    await run(`pkill -f '[s]leep 1000' || true; umount ${path}`);
    await guest.start();
    assert.equal(await run("dmsetup info -c --noheadings -o suspended | grep -c Susp || true"), "0");
    for (const volume of volumes) {
      await run(`timeout 20 dd if=/dev/zero of=${await volume.device()} bs=4096 count=1 oflag=direct status=none`);
    }
    assert.deepEqual((await guest.client.controller.ListSnapshots({})).entries, []);
    assert.doesNotMatch(await runLvm(guest.machine, "lvs", `--noheadings -o lv_name ${labGroup}`), /s1-/);
  });

  it("have nothing left of all that", async () => {
    for (const volume of volumes) await volume.destroy();
    assert.equal(await guest.stop(), 0);
    assert.deepEqual(await census(guest.machine), []);
  });
});
