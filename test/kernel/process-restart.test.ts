/**
 * The driver's process may end in any way: what is mounted and written to does not notice (DESIGN 5.3).
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { census } from "../support/census.ts";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { isLongRound } from "../support/long-round.ts";
import { Ledger } from "../support/ledger.ts";

const limit = () => AbortSignal.timeout(60_000);

describe("a restart of the process", () => {
  let guest: GuestDriver;

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(300_000), poolMiB: 4096 });
  });

  after(async () => guest[Symbol.asyncDispose]());

  const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();
  const lines = async (script: string) => (await run(`shopt -s nullglob; ${script}`)).split("\n").filter(Boolean);
  /** Name, host NQN and controller id of each: one that connected anew may differ in the id alone. */
  const controllers = async () =>
    await lines("for c in /sys/class/nvme/nvme*; do echo ${c##*/} $(cat $c/hostnqn $c/cntlid); done");
  /** What the kernel says of lost connections and failed I/O, since the boot. */
  const complaints = async () => await lines("dmesg | grep -iE 'I/O error|reconnecting|remount' || true");
  /** For each mounted ext4, how many errors it has seen. */
  const filesystemErrors = async () => await lines("cat /sys/fs/ext4/nvme*/errors_count");

  /** Ends the process in these ways, one after the other, while every volume is mounted and written to. */
  async function endUnderLoad(names: readonly string[], ends: readonly ("kill" | "stop")[]): Promise<void> {
    const volumes = names.map((name) => new GuestVolume(guest, name, "ext4"));
    for (const volume of volumes) {
      await volume.open();
      await volume.nodePublish();
    }
    const seen = async () => Promise.all([controllers(), complaints()]);
    const before = await seen();
    const ledgers = await Promise.all(volumes.map(({ target }) => Ledger.open(guest.machine, `${target}/ledger`)));
    const allGoOn = async () => Promise.all(ledgers.map((ledger) => ledger.goesOn(limit())));
    await allGoOn();
    for (const end of ends) {
      await guest[end]();
      await allGoOn();
      await guest.start();
      await allGoOn();
    }
    for (const ledger of ledgers) {
      assert.equal((await ledger.close()).signal, "SIGTERM", "no write failed");
      const promised = Array.from({ length: ledger.promised }, (_, index) => index + 1);
      assert.deepEqual(await ledger.kept(), promised);
    }
    assert.deepEqual(await seen(), before);
    const none = names.map(() => "0");
    assert.deepEqual(await filesystemErrors(), none);
    for (const volume of volumes) await volume.destroy();
  }

  it("is not noticed by volumes that are mounted and written to at once, killed or stopped", async () => {
    await endUnderLoad(isLongRound ? ["restarted-1", "restarted-2"] : ["restarted"], ["kill", "stop"]);
  });

  it("leaves nothing behind", async () => {
    assert.equal(await guest.stop(), 0);
    assert.deepEqual(await census(guest.machine), []);
  });
});
