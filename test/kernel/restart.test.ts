/**
 * The process may die and the target's configuration may vanish: mounted volumes do not notice (DESIGN 5.3).
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { poll } from "../../src/host/clock.ts";
import { census } from "../support/census.ts";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { buildMutant } from "../support/mutant.ts";

const volumeCount = 20;
/** Takes every nvmet object away as a reboot of the target would: hosts meet a closed port, never a missing subsystem. */
const removeAllExports = `
cd /sys/kernel/config/nvmet
nft 'table inet reboot { chain input { type filter hook input priority -20; tcp dport 4420 tcp flags syn reject with tcp reset; }; }'
rm ports/*/subsystems/*
for subsystem in subsystems/*; do rmdir $subsystem/namespaces/*; rm $subsystem/allowed_hosts/*; rmdir $subsystem; done
rmdir hosts/* ports/*
nft delete table inet reboot`;

describe("a restart", () => {
  let guest: GuestDriver;

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(300_000), poolMiB: 16_384 });
  });

  after(async () => guest[Symbol.asyncDispose]());

  const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();
  const controllers = async () => (await run("cat /sys/class/nvme/nvme*/hostnqn | sort")).split("\n");
  const states = async () => (await run("cat /sys/class/nvme/nvme*/state")).split("\n");

  it("of the process is not noticed by a mounted volume under write load, killed or stopped", async () => {
    const volume = new GuestVolume(guest, "restarted", "ext4");
    await volume.open();
    await volume.nodePublish();
    const before = await controllers();
    // Each line is fsynced before its number is said; a failed write ends the loop.
    const loop = `for n in $(seq 1 100000); do echo $n >> ${volume.target}/ledger; sync ${volume.target}/ledger; echo $n; done`;
    let written = 0;
    const writer = await guest.machine.spawn(["bash", "-euc", loop], {
      onStdoutLine: (line) => (written = Number(line)),
    });
    const goesOn = async () => {
      const from = written;
      await poll(async () => Promise.resolve(written > from + 3 ? true : undefined), AbortSignal.timeout(60_000));
    };
    await goesOn();
    for (const end of ["kill", "stop", "kill"] as const) {
      await guest[end]();
      await goesOn();
      await guest.start();
      await goesOn();
    }
    await writer.kill("SIGTERM");
    await writer.exited;
    assert.deepEqual(await controllers(), before);
    assert.equal(await run("dmesg | grep -ciE 'I/O error|reconnecting|remount' || true"), "0");
    const kept = (await run(`cat ${volume.target}/ledger`)).split("\n").map(Number);
    assert.deepEqual(
      kept.slice(0, written),
      Array.from({ length: written }, (_, index) => index + 1),
    );
    await volume.destroy();
  });

  it("after all configfs state was lost resumes every connected volume and loses no controller", async () => {
    const volumes = Array.from({ length: volumeCount }, (_, index) => new GuestVolume(guest, `lost-${index}`, "block"));
    for (const volume of volumes) await volume.open();
    const before = await controllers();
    assert.equal(before.length, volumeCount);

    await guest.kill();
    await run(removeAllExports);
    await guest.start();
    await poll(async () => {
      const all = await states();
      return all.every((state) => state === "live") ? all : undefined;
    }, AbortSignal.timeout(60_000));
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
      by: "for (const record of missing) { await agent.restore(record.id, 'prepare', signal); await agent.restore(record.id, 'link', signal); await new Promise((resolve) => setTimeout(resolve, 300)); }",
    });
    await guest.start(mutant);
    await delay(8000);
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

  it("of the whole machine brings every fsynced byte back, with a check instead of a format", async () => {
    await guest.stop();
    await guest.start("dist", ["--state-dir", "/pool/state"]);
    const volume = new GuestVolume(guest, "power", "ext4");
    await volume.open();
    await run(`seq 1 5000 > ${volume.staging}/file; sync ${volume.staging}/file`);
    await guest.machine.reset();
    guest.forget();
    await guest.mountPool();
    await guest.start("dist", ["--state-dir", "/pool/state"]);
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
