/**
 * The fence on a real kernel: after ControllerUnpublish nothing that the node still has in its queues can reach the
 * volume, now (V1, V2) or after the volume has come back to the same node (V41). Each test runs once more against a
 * driver without the guard, and must see the fault there.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { poll, sleep } from "../../src/host/clock.ts";
import { untilAborted } from "../../src/lib/abort.ts";
import { census } from "../support/census.ts";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { itInLongRounds } from "../support/long-round.ts";
import { buildMutant } from "../support/mutant.ts";
import { queueWrite, textAt } from "../support/queued-write.ts";

const limit = () => AbortSignal.timeout(60_000);
/**
 * How long nothing may be written after the fence. That a write never lands cannot be waited for, only watched: a
 * host reconnects after 2 s, and this is time for two attempts.
 */
const observeMs = 5000;
const staleBlock = 25_600;
/**
 * A node that nobody can reach: it keeps its queue and tries to reconnect. Else the fenced host may be told at once that
 * there is nothing for it, and its queue would be gone before the volume returns.
 */
const cutNetwork = `
nft 'table inet cut { chain input { type filter hook input priority -20; tcp dport 4420 tcp flags syn reject with tcp reset; }; }'`;
const mendNetwork = "nft delete table inet cut";

describe("the fence", () => {
  let guest: GuestDriver;

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(300_000), poolMiB: 8192 });
  });

  after(async () => guest[Symbol.asyncDispose]());

  /** Direct random writes without end, several in flight. */
  async function load(device: string) {
    const shape = ["--rw=randwrite", "--bs=4k", "--iodepth=8", "--ioengine=libaio", "--direct=1", "--size=64m"];
    return await guest.machine.spawn([
      ...["fio", "--name=load", `--filename=${device}`, ...shape, "--time_based", "--runtime=600"],
    ]);
  }

  async function isWritten(volume: GuestVolume): Promise<void> {
    const first = await volume.lastWrite();
    await poll(async () => ((await volume.lastWrite()) > first ? true : undefined), limit());
  }

  /** Publishes, writes in a loop, unpublishes; tells whether the backing file was written afterwards. */
  async function writesAfterUnpublish(name: string): Promise<boolean> {
    const volume = new GuestVolume(guest, name, "block");
    await volume.open();
    const writer = await load(await volume.device());
    await isWritten(volume);
    await volume.unpublish();
    const fenced = await volume.lastWrite();
    await guest.machine.exec(["cp", "--reflink=always", volume.backing, "/pool/fenced"]);
    await sleep(observeMs, limit());
    const { exitCode } = await guest.machine.exec(["cmp", "--silent", volume.backing, "/pool/fenced"], {
      check: false,
    });
    const changed = exitCode !== 0 || (await volume.lastWrite()) !== fenced;
    await guest.machine.exec(["rm", "/pool/fenced"]);
    await writer.kill("SIGKILL");
    await volume.unstage();
    await writer.exited;
    await volume.unpublish();
    await volume.delete();
    return changed;
  }

  /** Fences a node with a write in its queue, gives the volume back to it, and tells whether that write landed. */
  async function staleWriteLands(name: string, meanwhile?: (volume: GuestVolume) => Promise<void>): Promise<boolean> {
    const volume = new GuestVolume(guest, name, "block");
    await volume.open();
    const device = await volume.device();
    await guest.machine.sh(cutNetwork);
    await volume.unpublish();
    const stale = await queueWrite(guest.machine, { device, block: staleBlock, text: "stale" }, limit());
    await meanwhile?.(volume);
    await volume.publish();
    await guest.machine.sh(mendNetwork);
    // The old connection comes back or is given up; either way the writer is told, and nothing waits any more.
    const { exitCode } = await untilAborted(stale.exited, limit());
    await volume.stage();
    const place = { path: volume.backing, block: staleBlock, length: 5 };
    const landed = (await textAt(guest.machine, place)) === "stale";
    assert.equal(landed, exitCode === 0, "the writer is told the truth");
    await volume.destroy();
    return landed;
  }

  it("lets no sector reach the backing file after ControllerUnpublish has returned", async () => {
    assert.equal(await writesAfterUnpublish("fenced"), false);
  });

  it("keeps a queued write of an old publication away when the volume returns to its node", async () => {
    assert.equal(await staleWriteLands("revived"), false);
  });

  it("keeps it away also when the volume was deleted and made again under its name", async () => {
    const again = async (volume: GuestVolume) => {
      await volume.delete();
      await volume.create();
    };
    assert.equal(await staleWriteLands("reborn", again), false);
  });

  itInLongRounds("would not hold if only the host's right to connect were removed", async () => {
    const mutant = await buildMutant({
      name: "acl-only",
      file: "src/target-agent/exporter.ts",
      replace: `      await this.ports.unlink(nqn, signal);
      await this.#configfs.removeSubsystem(nqn);
    });
    const left = await this.#configfs.subsystems();
    if (left.includes(nqn))`,
      by: `    });
    const left: readonly string[] = [];
    if (left.includes(nqn))`,
    });
    await guest.stop();
    await guest.start(mutant);
    assert.equal(await writesAfterUnpublish("unfenced"), true);
    await guest.stop();
    await guest.start();
    const leftover = new GuestVolume(guest, "unfenced", "block");
    // The mutant left its export behind; the real driver makes the same volume, and takes all of it away.
    await leftover.create();
    await leftover.publish();
    await leftover.unpublish();
    await leftover.delete();
  });

  itInLongRounds("would not hold against a revived host with one stable host NQN for each node", async () => {
    const mutant = await buildMutant({
      name: "stable-host-nqn",
      file: "src/domain/identity.ts",
      replace: "uuidv5(`${volume} ${epoch}`, node)",
      by: "uuidv5(`${volume}`, node)",
    });
    await guest.stop();
    await guest.start(mutant);
    assert.equal(await staleWriteLands("stable"), true);
    await guest.stop();
    await guest.start();
  });

  it("leaves nothing behind", async () => {
    assert.equal(await guest.stop(), 0);
    assert.deepEqual(await census(guest.machine), []);
  });
});
