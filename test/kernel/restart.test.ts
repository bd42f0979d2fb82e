/**
 * The target's configuration may vanish while hosts are connected: it comes back as it was, and they resume (DESIGN
 * 5.3). That a restart of the process alone is not noticed is shown in process-restart.test.ts.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { poll } from "../../src/host/clock.ts";
import { census } from "../support/census.ts";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { isLongRound } from "../support/long-round.ts";
import { buildMutant } from "../support/mutant.ts";

const limit = () => AbortSignal.timeout(60_000);
const volumeCount = isLongRound ? 20 : 6;
/** Takes every nvmet object away as a reboot of the target would: hosts meet a closed port, never a missing subsystem. */
const removeAllExports = `
cd /sys/kernel/config/nvmet
nft 'table inet reboot { chain input { type filter hook input priority -20; tcp dport 4420 tcp flags syn reject with tcp reset; }; }'
shopt -s nullglob
for link in ports/*/subsystems/* subsystems/*/allowed_hosts/*; do rm $link; done
for object in subsystems/*/namespaces/* subsystems/* hosts/* ports/*; do rmdir $object; done
nft delete table inet reboot`;

describe("a restart of the target", () => {
  let guest: GuestDriver;

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(300_000), poolMiB: 16_384 });
  });

  after(async () => guest[Symbol.asyncDispose]());

  const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();
  const lines = async (script: string) => (await run(`shopt -s nullglob; ${script}`)).split("\n").filter(Boolean);
  const controllers = async () =>
    await lines("for c in /sys/class/nvme/nvme*; do echo ${c##*/} $(cat $c/hostnqn); done");
  const states = async () => await lines("for c in /sys/class/nvme/nvme*; do cat $c/state; done");

  /** Every controller is live, or gone: none is still on its way. */
  async function settled(): Promise<void> {
    await poll(async () => ((await states()).every((state) => state === "live") ? true : undefined), limit());
  }

  it("after all configfs state was lost resumes every connected volume and loses no controller", async () => {
    const volumes = Array.from({ length: volumeCount }, (_, index) => new GuestVolume(guest, `lost-${index}`, "block"));
    for (const volume of volumes) await volume.open();
    const before = await controllers();
    assert.equal(before.length, volumeCount);

    await guest.kill();
    await run(removeAllExports);
    await guest.start();
    await settled();
    assert.deepEqual(await controllers(), before);
    for (const volume of volumes) {
      await run(`echo resumed | dd of=${await volume.device()} bs=4096 conv=sync,notrunc oflag=direct status=none`);
    }

    await guest.kill();
    await run(removeAllExports);
    const mutant = await buildMutant({
      name: "open-listener",
      file: "src/target-agent/restore.ts",
      replace: "if (missing.length > 0) await gate.close(signal);",
      by: "for (const { id } of missing) { await agent.prepare(id, signal); await agent.link(id, signal); await new Promise((resolve) => setTimeout(resolve, 300)); }",
    });
    await guest.start(mutant);
    await settled();
    const lost = volumeCount - (await controllers()).length;
    console.log(`without the closed listener: ${lost} of ${volumeCount} controllers lost`);
    assert.ok(lost > 0, "the test sees a controller that is lost when the listener opens too early");

    await guest.restart();
    for (const volume of volumes) await volume.destroy();
  });

  it("after one backing file is gone serves all other volumes, and says what is wrong with that one", async () => {
    const whole = new GuestVolume(guest, "whole", "block");
    const broken = new GuestVolume(guest, "broken", "block");
    for (const volume of [whole, broken]) await volume.open();
    await guest.kill();
    await run(`${removeAllExports}; mv ${broken.backing} /pool/away`);
    await guest.start();
    await run(`echo served | dd of=${await whole.device()} bs=4096 conv=sync,notrunc oflag=direct status=none`);
    const { status } = await guest.client.controller.ControllerGetVolume({ volume_id: broken.id });
    assert.equal(status?.volume_condition?.abnormal, true);
    assert.match(status.volume_condition.message, /it must exist/);
    await run(`mv /pool/away ${broken.backing}`);
    for (const volume of [whole, broken]) await volume.destroy();
  });

  it("leaves nothing behind", async () => {
    assert.equal(await guest.stop(), 0);
    assert.deepEqual(await census(guest.machine), []);
  });
});
