/**
 * A node that was fenced, lost its devices or was interrupted gets rid of what it has, whatever other volumes do
 * meanwhile.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { poll } from "../../src/host/clock.ts";
import { untilAborted } from "../../src/lib/abort.ts";
import { census } from "../support/census.ts";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { itInLongRounds } from "../support/long-round.ts";
import { buildMutant } from "../support/mutant.ts";

const limit = () => AbortSignal.timeout(60_000);
/** Several times what a fenced host needs until it is told to give up. */
const patienceMs = 15_000;

describe("a node in trouble", () => {
  let guest: GuestDriver;

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(300_000), poolMiB: 8192 });
  });

  after(async () => guest[Symbol.asyncDispose]());

  const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();
  const mountsOf = async (path: string) => await run(`grep --count ' ${path} ' /proc/self/mountinfo || true`);
  const loseDevices = async () => await run("for c in /sys/class/nvme/nvme*; do echo 1 > $c/delete_controller; done");

  /** Fences a node that has unwritten data; tells whether it got rid of the volume. */
  async function unstagesAfterFence(volume: GuestVolume): Promise<boolean> {
    await volume.open();
    await volume.nodePublish();
    await run(`dd if=/dev/zero of=${volume.target}/unwritten bs=1M count=32 status=none`);
    await volume.unpublish();
    const unstage = async () => {
      await volume.nodeUnpublish();
      await volume.unstage();
      return true;
    };
    const until = AbortSignal.timeout(patienceMs);
    const done = poll(async () => unstage().catch(() => undefined), until);
    return await untilAborted(done, until).catch(() => false);
  }

  it("unstages a volume with unwritten data after the target has fenced it, also when it was the last export", async () => {
    const volume = new GuestVolume(guest, "unwritten", "ext4");
    assert.equal(await unstagesAfterFence(volume), true);
    await volume.delete();
  });

  itInLongRounds("would wait for ever if the port were closed with the last export", async () => {
    const mutant = await buildMutant({
      name: "closed-port",
      file: "src/target-agent/ports.ts",
      replace: "      await this.#link(this.#listener.nqn);\n",
      by: "",
    });
    await guest.stop();
    await guest.start(mutant);
    const volume = new GuestVolume(guest, "waiting", "ext4");
    assert.equal(await unstagesAfterFence(volume), false);
    assert.match(await run("cat /sys/class/nvme/nvme*/state"), /^connecting$/);
    await guest.kill();
    await guest.start();
    const unstage = async () => volume.destroy().then(() => true);
    await poll(async () => unstage().catch(() => undefined), limit());
  });

  it("gets rid of a raw block volume whose device name is another volume's by now", async () => {
    const [lost, other] = [new GuestVolume(guest, "lost", "block"), new GuestVolume(guest, "taker", "block")];
    await lost.open();
    await lost.nodePublish();
    const name = await lost.device();
    await loseDevices();
    await other.open();
    assert.equal(await other.device(), name);
    assert.match(await run(`grep ' ${lost.target} ' /proc/self/mountinfo`), /\/\/deleted/);

    const intruder = new GuestVolume(guest, "taker", "block");
    intruder.context = other.context;
    Object.defineProperty(intruder, "target", { value: lost.target });
    await assert.rejects(intruder.nodePublish(), { code: "FAILED_PRECONDITION", message: /nothing else/ });
    await intruder.nodeUnpublish();
    assert.equal(await mountsOf(lost.target), "1", "it is not the other volume's to take away");

    await other.nodePublish();
    await other.destroy();
    await lost.nodeUnpublish();
    assert.equal(await mountsOf(lost.target), "0");
    await lost.destroy();
  });

  it("keeps its one path to a portal when it asks for it again, live or on its way back", async () => {
    const volume = new GuestVolume(guest, "asked-again", "ext4");
    await volume.open();
    const controllers = async () => await run("ls /sys/class/nvme");
    const path = await controllers();
    assert.match(path, /^nvme\d+$/);
    await run(`umount ${volume.staging}`);
    await volume.stage();
    assert.equal(await controllers(), path);
    const chain =
      "chain input { type filter hook input priority 0; tcp dport 4420 tcp flags syn reject with tcp reset; };";
    await run(`umount ${volume.staging}; nft 'table inet closed { ${chain} }'
      echo 1 > /sys/class/nvme/${path}/reset_controller || true`);
    const late = { code: "DEADLINE_EXCEEDED", message: new RegExp(`no path is live.*${path} connecting`) };
    await assert.rejects(volume.stage(volume.context, { deadlineMs: 6000 }), late);
    await run("nft delete table inet closed");
    await volume.stage();
    assert.equal(await controllers(), path);
    await volume.destroy();
  });

  it("makes a publish read-only that was interrupted before it was", async () => {
    const volume = new GuestVolume(guest, "half", "ext4");
    await volume.open();
    await volume.nodePublish({ readOnly: true });
    await run(`mount -o remount,bind,rw ${volume.target}; touch ${volume.target}/writable`);
    await volume.nodePublish({ readOnly: true });
    assert.notEqual((await guest.machine.sh(`touch ${volume.target}/x`, { check: false })).exitCode, 0);
    await volume.nodeUnpublish();
    await volume.nodePublish();
    await assert.rejects(volume.nodePublish({ readOnly: true }), { code: "ALREADY_EXISTS" });
    await run(`touch ${volume.target}/x`);
    await volume.destroy();
  });

  it("keeps neither a connection nor a journal entry of a stage that was refused for good", async () => {
    const volume = new GuestVolume(guest, "refused", "ext4");
    await volume.create();
    await run(`mkfs.xfs -q ${volume.backing}`);
    await volume.publish();
    await assert.rejects(volume.stage(), { code: "FAILED_PRECONDITION", message: /xfs/ });
    assert.equal(await run("ls /sys/class/nvme | wc -l"), "0");
    await volume.unpublish();
    await volume.delete();
    const left = await census(guest.machine);
    assert.deepEqual(
      left.filter((line) => line.startsWith("file: ")),
      [],
    );
  });

  it("refuses a volume as a file system while it is staged as raw block", async () => {
    const raw = new GuestVolume(guest, "raw", "block");
    await raw.open();
    const mounted = new GuestVolume(guest, "raw", "ext4");
    await assert.rejects(mounted.stage(raw.context), { code: "ALREADY_EXISTS", message: /as block already/ });
    await raw.nodePublish();
    await raw.destroy();
  });

  it("leaves nothing behind", async () => {
    assert.equal(await guest.stop(), 0);
    assert.deepEqual(await census(guest.machine), []);
  });
});
