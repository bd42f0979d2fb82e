/**
 * The machine may lose its power: what was fsynced is there again, and nothing is formatted a second time (DESIGN 5.3).
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { census } from "../support/census.ts";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { GuestVolume } from "../support/guest-volume.ts";

describe("a restart of the machine", () => {
  let guest: GuestDriver;

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(300_000), poolMiB: 4096 });
  });

  after(async () => guest[Symbol.asyncDispose]());

  const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();

  it("brings every fsynced byte back, with a check instead of a format", async () => {
    await guest.stop();
    await guest.start("dist", ["--state-dir", "/pool/state"]);
    const volume = new GuestVolume(guest, "power", "ext4");
    await volume.open();
    await run(`seq 1 5000 > ${volume.staging}/file; sync ${volume.staging}/file`);
    await guest.losePower(["--state-dir", "/pool/state"]);
    // As the kubelet does after a reboot: the same context as before, and no unstage.
    await run(`mkdir -p ${volume.staging}`);
    await volume.stage();
    assert.equal(await run(`seq 1 5000 | cmp - ${volume.staging}/file && echo same`), "same");
    assert.match(guest.log.findLast((line) => line.includes("NodeStageVolume")) ?? "", /checked and mounted/);
    await volume.destroy();
  });

  it("leaves nothing behind", async () => {
    assert.equal(await guest.stop(), 0);
    assert.deepEqual(await census(guest.machine), []);
  });
});
