/**
 * What only a thin pool can do to a volume: run full while hosts write, be left suspended by a crash, hold another logical
 * volume under a volume's name, go to another machine with all that it holds.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { volumeIdOf, type ClusterId } from "../../src/domain/identity.ts";
import { census } from "../support/census.ts";
import { guestCluster, startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { labGroup, labThinPool, poolFlags, runLvm } from "../support/guest-pool.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { itInLongRounds } from "../support/long-round.ts";
import { comesBack, isUnreadable } from "./deletion/scenarios.ts";

const limitMs = 15 * 60 * 1000;
const MiB = 1024 * 1024;
const nameOf = (name: string) => volumeIdOf(guestCluster as ClusterId, name);
/** Half of a pool of 1.2 GiB is promised twice over. */
const overcommitted = [
  "--pools",
  JSON.stringify({
    default: { layer: "lvm-thin", volumeGroup: labGroup, thinPool: labThinPool, overcommitPercent: 300 },
  }),
];

describe("a thin pool", { timeout: limitMs }, () => {
  let guest: GuestDriver;
  const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();
  const lvm = async (command: string, args: string) => runLvm(guest.machine, command, args);
  const mapper = (volume: string) => `/dev/mapper/${[labGroup, volume].map((p) => p.replaceAll("-", "--")).join("-")}`;

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(limitMs), poolMiB: 2048, layer: "lvm-thin" });
  });
  after(async () => guest[Symbol.asyncDispose]());

  const refusedAsFull = { code: "RESOURCE_EXHAUSTED", message: /the pool has room for \d+ bytes/ } as const;

  it("promises no more than it holds, and what is refused leaves nothing", async () => {
    const volume = new GuestVolume(guest, "first", "block");
    await volume.create(1024);
    const before = await lvm("lvs", `--noheadings -o lv_name,lv_size ${labGroup}`);
    await assert.rejects(new GuestVolume(guest, "second", "block").create(1024), refusedAsFull);
    await assert.rejects(new GuestVolume(guest, "copy", "block").create(1024, volume.asSource), refusedAsFull);
    await assert.rejects(volume.expand(2048), refusedAsFull);
    assert.equal(await lvm("lvs", `--noheadings -o lv_name,lv_size ${labGroup}`), before);
    await volume.delete();
  });

  it("gives copies of its volumes, larger ones too, that are independent of each other", async () => {
    const volume = new GuestVolume(guest, "source", "ext4");
    await volume.open();
    await run(`seq 1 5000 > ${volume.staging}/file; sync ${volume.staging}/file`);
    const source = await volume.snapshot("copied");
    await run(`seq 1 10 > ${volume.staging}/file; sync ${volume.staging}/file`);
    const restored = new GuestVolume(guest, "restored", "ext4");
    await restored.open(512, source);
    await volume.destroy();
    assert.equal(await run(`seq 1 5000 | cmp - ${restored.staging}/file && echo same`), "same");
    assert.equal(await run(`blockdev --getsize64 ${await restored.device()}`), String(512 * MiB));
    await guest.client.controller.DeleteSnapshot(source.snapshot);
    await restored.destroy();
  });

  it("keeps a deleted volume that can be had back", async () => comesBack(guest, "lvm-thin"));

  it("tells the disks of the room of a removed volume, and shows nothing of it to a later one", async () => {
    const thin = mapper(labThinPool);
    /** Chunks of the pool that a volume has. */
    const placesOf = async (volume: GuestVolume) => {
      const id = await lvm("lvs", `--noheadings -o thin_id ${labGroup}/${volume.id.split("/")[1] ?? ""}`);
      const dump = `dmsetup message ${thin}-tpool 0 reserve_metadata_snap; thin_dump -m ${thin}_tmeta;
        dmsetup message ${thin}-tpool 0 release_metadata_snap`;
      const [, device = ""] = new RegExp(`<device dev_id="${id}"([^]*?)</device>`).exec(await run(dump)) ?? [];
      const found = [...device.matchAll(/data_(?:begin|block)="(\d+)"(?: length="(\d+)")?/g)];
      const chunks = found.map(([, begin = "", length = "1"]) => [Number(begin), Number(length)] as const);
      return new Set(chunks.flatMap(([begin, length]) => Array.from({ length }, (_, index) => begin + index)));
    };
    const [disk = ""] = guest.machine.disks;
    const discarded = async () =>
      Number(await run(`awk '{ print $14 }' /sys/class/block/${disk.slice(5)}/stat`)) / 2048;
    // What is left of the pool has room for one volume, and not for another one beside the chunks of the first.
    await lvm("lvcreate", `--thin ${labGroup}/${labThinPool} --virtualsize 640m --name ballast`);
    await run(`dd if=/dev/zero of=${mapper("ballast")} bs=4M count=160 oflag=direct status=none`);
    const before = await discarded();
    await isUnreadable(guest, 320, placesOf);
    const after = await discarded();
    assert.ok(after - before >= 320 + 300, `both volumes were discarded on the disk; got ${after - before} MiB`);
    await lvm("lvremove", `${labGroup}/ballast`);
    assert.equal(await discarded(), after, "LVM alone tells nothing");
  });

  itInLongRounds(
    "that runs full under writes fails them, keeps what was synced, and serves again once it is larger",
    async () => {
      await guest.stop();
      await guest.start("dist", overcommitted);
      const [hog, volume] = [new GuestVolume(guest, "hog", "block"), new GuestVolume(guest, "victim", "ext4")];
      await volume.open(1024);
      await run(`seq 1 50000 > ${volume.staging}/kept; sync ${volume.staging}/kept`);
      await hog.open(1400);
      const filled = await run(`dd if=/dev/zero of=${await hog.device()} bs=1M oflag=direct 2>&1 || true`);
      assert.match(filled, /No space left on device|error/i);
      const failed = await run(
        `dd if=/dev/urandom of=${volume.staging}/more bs=1M count=200 conv=fsync 2>&1 && echo written || true`,
      );
      assert.doesNotMatch(failed, /^written$/m, "the pool was not full");
      await assert.rejects(new GuestVolume(guest, "late", "block").create(), { code: "RESOURCE_EXHAUSTED" });
      await hog.destroy();
      await volume.unstage();
      await volume.stage();
      assert.equal(await run(`seq 1 50000 | cmp - ${volume.staging}/kept && echo same`), "same");
      await run(`dd if=/dev/urandom of=${volume.staging}/more bs=1M count=200 conv=fsync status=none`);
      await volume.destroy();
      await guest.restart();
    },
  );

  it("lets a volume go on that a crash has left suspended", async () => {
    const volume = new GuestVolume(guest, "suspended", "block");
    await volume.open();
    const device = await volume.device();
    await guest.kill();
    await run(`dmsetup suspend ${mapper(nameOf("suspended"))}`);
    await guest.start();
    await run(`timeout 20 dd if=/dev/zero of=${device} bs=4096 count=1 oflag=direct status=none`);
    await volume.destroy();
  });

  it("exports no other logical volume under a volume's name", async () => {
    const volume = new GuestVolume(guest, "swapped", "block");
    await volume.create();
    const name = nameOf("swapped");
    await lvm("lvrename", `${labGroup} ${name} aside`);
    await lvm("lvcreate", `--thin ${labGroup}/${labThinPool} --virtualsize ${320 * MiB}b --name ${name}`);
    await assert.rejects(volume.publish(), { code: "FAILED_PRECONDITION", message: /must be the one made for v1-/ });
    await lvm("lvremove", `${labGroup}/${name}`);
    await lvm("lvrename", `${labGroup} aside ${name}`);
    await volume.publish();
    await volume.unpublish();
    await volume.delete();
  });

  it("takes nobody's logical volume for a new volume", async () => {
    const name = nameOf("mine");
    await lvm("lvcreate", `--size 8m --name ${name} ${labGroup}`);
    const refused = new GuestVolume(guest, "mine", "block").create();
    await assert.rejects(refused, { code: "FAILED_PRECONDITION", message: /it exists without a record/ });
    await lvm("lvremove", `${labGroup}/${name}`);
  });

  it("that would show old data in new blocks is not opened", async () => {
    await guest.stop();
    await lvm("lvchange", `--zero n ${labGroup}/${labThinPool}`);
    await assert.rejects(guest.start(), /it must fill new blocks with zeros/);
    await lvm("lvchange", `--zero y ${labGroup}/${labThinPool}`);
    guest.forget();
    await guest.start();
  });

  it("goes to another machine with all that it holds, by an order alone", async () => {
    const volume = new GuestVolume(guest, "moved", "ext4");
    await volume.open();
    await run(`seq 1 5000 > ${volume.staging}/file`);
    await volume.unstage();
    await volume.unpublish();
    await guest.stop();
    const elsewhere = ["--node-name", "second", "--state-dir", "/run/nvmetcp-csi/second"];
    await assert.rejects(guest.start("dist", elsewhere), /serves it; when that one does so no more/);
    guest.forget();
    const { node, project } = guest.machine;
    const flags = [...poolFlags("lvm-thin"), ...elsewhere].map((word) => `'${word}'`).join(" ");
    assert.match(await run(`${node} ${project}/dist/main.js adopt default ${flags}`), /pool default belongs to second/);
    await guest.start("dist", elsewhere);
    await volume.publish();
    await volume.stage();
    assert.equal(await run(`seq 1 5000 | cmp - ${volume.staging}/file && echo same`), "same");
    await volume.destroy();
  });

  it("has nothing left of all that", async () => {
    assert.equal(await guest.stop(), 0);
    assert.deepEqual(await census(guest.machine), []);
  });
});
