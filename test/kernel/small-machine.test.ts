/**
 * Target and initiator on one kernel with little memory: to write a dirty page out, the kernel needs memory for the network
 * and for the file below. It must not wait for pages that only it can write out.
 */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { census } from "../support/census.ts";
import { startGuestDriver } from "../support/guest-driver.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { itInLongRounds } from "../support/long-round.ts";

const limitMs = 20 * 60 * 1000;
const MiB = 1024 * 1024;
const writtenMiB = 2048;
/** Without end, and no failure when nobody reads on. */
const pattern = "{ yes 0123456789abcdef || true; }";

describe("a machine of 512 MiB", { timeout: limitMs }, () => {
  itInLongRounds("writes four times its memory through a mounted volume of its own", async () => {
    const signal = AbortSignal.timeout(limitMs);
    await using guest = await startGuestDriver({ signal, memoryMiB: 512, poolMiB: 8192 });
    const run = async (script: string) => (await guest.machine.sh(script, { signal })).stdout.trim();
    const volume = new GuestVolume(guest, "large", "ext4");
    await volume.open(4096);
    // Through the page cache, and nothing is synced before the end: as many pages are dirty as the kernel allows.
    await run(`${pattern} | dd of=${volume.staging}/file bs=1M count=${writtenMiB} iflag=fullblock status=none`);
    await run(`sync ${volume.staging}/file`);
    assert.equal(await run(`stat -c %s ${volume.staging}/file`), String(writtenMiB * MiB));
    const isWhole = `${pattern} | head -c ${writtenMiB * MiB} | cmp - ${volume.staging}/file && echo same`;
    assert.equal(await run(isWhole), "same");
    assert.doesNotMatch(guest.machine.console(), /blocked for more than|Out of memory|oom-kill/);
    await volume.destroy();
    assert.equal(await guest.stop(), 0);
    assert.deepEqual(await census(guest.machine), []);
  });
});
