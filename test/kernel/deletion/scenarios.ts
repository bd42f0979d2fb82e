/** What becomes of deleted volumes, whatever they are made of. */
import assert from "node:assert/strict";
import { guestCluster, stateDir, type GuestDriver } from "../../support/guest-driver.ts";
import { poolFlags, type LabLayer } from "../../support/guest-pool.ts";
import { GuestVolume } from "../../support/guest-volume.ts";

/** Carries out an order in the machine, and gives what it says. */
async function give({ machine }: GuestDriver, words: string, flags: readonly string[] = []): Promise<string> {
  const options = ["--state-dir", stateDir, ...flags].map((word) => `'${word}'`).join(" ");
  return (await machine.sh(`${machine.node} ${machine.project}/dist/main.js ${words} ${options}`)).stdout.trim();
}

/** A volume with a file system comes back by an order, to a driver that serves or to none, with all that it held. */
export async function comesBack(guest: GuestDriver, layer: LabLayer): Promise<void> {
  const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();
  const flags = poolFlags(layer, { deletionGraceMinutes: 60 });
  await guest.stop();
  await guest.start("dist", flags);
  const volume = new GuestVolume(guest, "by-mistake", "ext4");
  const remove = async () => {
    await volume.unstage();
    await volume.unpublish();
    await volume.delete();
  };
  await volume.open();
  await run(`seq 1 5000 > ${volume.staging}/file`);
  await remove();
  assert.deepEqual((await guest.client.controller.ListVolumes({})).entries, []);
  await assert.rejects(volume.publish(), { code: "NOT_FOUND" });

  await guest.kill();
  await guest.start("dist", flags);
  const listed = `${volume.id} by-mistake ${320 * 1024 * 1024}`;
  assert.match(await give(guest, "deleted default"), new RegExp(`\\n${listed} [-0-9T:.]+Z [-0-9T:.]+Z$`));
  assert.match(await give(guest, `undelete default ${volume.id}`), new RegExp(`^${volume.id} is back`));
  const seen = async () => run(`seq 1 5000 | cmp - ${volume.staging}/file && echo same`);
  await volume.publish();
  await volume.stage();
  assert.equal(await seen(), "same");

  await remove();
  // Where more has to be opened for it, and left as it was.
  if (layer === "lvm-thin") {
    await guest.stop();
    const [, id = ""] = volume.id.split("/");
    await give(guest, `undelete default ${id}`, ["--cluster-id", guestCluster, ...flags]);
    await guest.start("dist", flags);
    await volume.publish();
    await volume.stage();
    assert.equal(await seen(), "same");
    await remove();
  }
  await volume.open();
  assert.equal(await run(`ls ${volume.staging} | grep -v lost+found || true`), "", "a new one of the name is blank");
  await guest.restart();
  await volume.destroy();
}

/** A later volume in the place of a removed one shows nothing of it, not even around what is written to it. */
export async function isUnreadable(
  guest: GuestDriver,
  sizeMiB: number,
  placesOf: (volume: GuestVolume) => Promise<ReadonlySet<number>>,
): Promise<void> {
  const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();
  const secret = new GuestVolume(guest, "secret", "block");
  await secret.open(sizeMiB);
  const write = `dd of=${await secret.device()} bs=4M count=${sizeMiB / 4} iflag=fullblock oflag=direct status=none`;
  await run(`(yes secret || true) | ${write}`);
  const before = await placesOf(secret);
  await secret.destroy();

  const later = new GuestVolume(guest, "later", "block");
  await later.open(sizeMiB);
  // 4 KiB in each 64 KiB: the chunk of a thin pool.
  const program = `
    const fs = require("node:fs");
    const file = fs.openSync(process.argv[1], "r+");
    const block = Buffer.from("new\\n".repeat(1024));
    for (let at = 32768; at < ${sizeMiB} * 1048576; at += 65536) fs.writeSync(file, block, 0, block.length, at);
    fs.fsyncSync(file);`;
  await guest.machine.exec([guest.machine.node, "-e", program, await later.device()]);
  const shared = [...(await placesOf(later))].filter((place) => before.has(place));
  assert.ok(shared.length > 0, "it lies where the other one was");
  await run("echo 3 > /proc/sys/vm/drop_caches");
  const lines = await run(`tr -d '\\0' < ${await later.device()} | uniq -c | sed -n 1,5p`);
  assert.match(lines, new RegExp(`^${sizeMiB * 16 * 1024} new$`));
  await later.destroy();
}
