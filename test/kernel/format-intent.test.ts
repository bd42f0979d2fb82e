/**
 * A mkfs that is cut short at any moment, on a slow disk (DESIGN 5.1): the next stage ends mounted, on the node that began
 * it and on one that has only the device; and the format intent is on the device only as long as nobody has mounted it.
 * SEED says at which moments. A long round plays all file systems, any other the moments of an ext4 and the end of each.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, describe, it, type TestContext } from "node:test";
import { intentLength, intentOffset } from "../../src/domain/format-intent.ts";
import { filesystemTypes, type FilesystemType } from "../../src/domain/model.ts";
import { CsiError } from "../support/csi-client.ts";
import { census } from "../support/census.ts";
import { startGuestDriver, stateDir, type GuestDriver } from "../support/guest-driver.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { mapPool, poolDisk, unmapPool, type MappedDevice } from "../support/mapped-pool.ts";
import { isLongRound, itInLongRounds } from "../support/long-round.ts";
import { buildMutant } from "../support/mutant.ts";
import { numbersOf } from "../support/seeded-numbers.ts";

const limitMs = (isLongRound ? 90 : 30) * 60 * 1000;
const rounds = isLongRound ? 30 : 1;
/** Early kills, where all others came too late on a machine that is busy. */
const more = 3;
const seed = Number(process.env["SEED"] ?? randomInt(2 ** 31));
const sizeMiB = 320;
/** Of each write to the pool's disk. */
const delayMs = 40;
const beginning = "nvmetcp format intent";
/** What a class may ask of mkfs, at its ends; each in turn with the defaults. */
const extremes: Readonly<Record<FilesystemType, readonly Readonly<Record<string, string>>[]>> = {
  ext4: [{ "ext4.bytesPerInode": "8192" }, { "ext4.bytesPerInode": "4194304" }],
  xfs: [{ "xfs.maxInodePercent": "100" }],
  btrfs: [{ "btrfs.nodeSize": "65536", "btrfs.checksum": "blake2" }, { "btrfs.metadataProfile": "single" }],
};

/** A shell loop that sets pid as soon as there is a mkfs; without other programs, which would take longer than an ext4. */
function untilMkfs(type: FilesystemType): string {
  const look = `for one in /proc/[0-9]*; do read -r comm < $one/comm && [ "$comm" = mkfs.${type} ] && pid=\${one#/proc/}; done`;
  return `pid=; until [ -n "$pid" ]; do { ${look}; true; } 2>/dev/null; done`;
}

describe(`a mkfs that is killed (SEED=${seed})`, { timeout: limitMs }, () => {
  let guest: GuestDriver;
  let devices: readonly MappedDevice[] = [];
  const moments = numbersOf(seed);
  const run = async (script: string, signal?: AbortSignal) =>
    (await guest.machine.sh(script, signal === undefined ? {} : { signal })).stdout.trim();

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(limitMs), poolMiB: 4096 });
    const { disk, sectors } = await poolDisk(guest);
    devices = [{ name: "slow-pool", table: `0 ${sectors} delay ${disk} 0 0 ${disk} 0 ${delayMs}\n` }];
    await run("modprobe dm-delay");
    await mapPool(guest, devices);
  });
  after(async () => {
    try {
      await guest.stop();
      await unmapPool(guest, devices);
    } finally {
      await guest[Symbol.asyncDispose]();
    }
  });

  /** What the target's file holds where the intent belongs. */
  async function intentOf(volume: GuestVolume): Promise<string> {
    const block = intentOffset(BigInt(sizeMiB) * 1024n * 1024n) / BigInt(intentLength);
    const read = `dd if=${volume.backing} iflag=direct bs=${intentLength} skip=${block} count=1 status=none`;
    return await run(`${read} | head -c ${beginning.length} | tr -d '\\0'`);
  }

  /** Kills mkfs so long after it was begun; resolves with the answer of the stage. */
  async function stageKilledAfter(volume: GuestVolume, type: FilesystemType, seconds: string): Promise<string> {
    const outcome = volume.stage().then(
      () => "OK",
      (error: unknown) => (error instanceof CsiError ? error.code : String(error)),
    );
    await run(`${untilMkfs(type)}; sleep ${seconds}; kill -9 $pid || true`);
    return await outcome;
  }

  /** How many milliseconds an undisturbed mkfs lives here. */
  async function lifeOf(type: FilesystemType): Promise<number> {
    const volume = new GuestVolume(guest, `${type}-whole`, type);
    await volume.create(sizeMiB);
    await volume.publish();
    const staged = volume.stage();
    const life = await run(`${untilMkfs(type)}; from=$EPOCHREALTIME
      while kill -0 $pid 2>/dev/null; do :; done; echo $(((\${EPOCHREALTIME/./} - \${from/./}) / 1000))`);
    await staged;
    await volume.destroy();
    return Number(life);
  }

  /** Another node knows nothing but what is on the device and in the context of its own publish. */
  async function forgetVolume(volume: GuestVolume): Promise<void> {
    await volume.unstage();
    await volume.unpublish();
    await run(`rm -f ${stateDir}/node/formatted/*`);
    await volume.publish();
  }

  async function assertUsable(volume: GuestVolume): Promise<void> {
    assert.notEqual(await intentOf(volume), beginning, "mounted, so nobody may format it again");
    await run(`echo kept > ${volume.staging}/file; sync -f ${volume.staging}`);
    await volume.unstage();
    await volume.stage();
    assert.equal(await run(`cat ${volume.staging}/file`), "kept");
    await volume.destroy();
  }

  for (const type of isLongRound ? filesystemTypes : (["ext4"] as const)) {
    it(`${type}: is begun again by the next stage and mounted, in ${rounds} rounds`, async (t) => play(type, t));
  }

  /** Kills spread over the whole life: one in each of as many parts as there are rounds. */
  async function play(type: FilesystemType, t: TestContext): Promise<void> {
    let interrupted = 0;
    const longestMs = await lifeOf(type);
    for (let round = 0; round < rounds || (interrupted === 0 && round < rounds + more); round += 1) {
      const parameters = extremes[type][(round % (extremes[type].length + 1)) - 1] ?? {};
      const volume = new GuestVolume(guest, `${type}-${round}`, type, { parameters });
      await volume.create(sizeMiB);
      await volume.publish();
      const moment = round < rounds ? (round + moments.next().value) / rounds : 0.1;
      const seconds = ((moment * longestMs) / 1000).toFixed(3);
      const answer = await stageKilledAfter(volume, type, seconds);
      if (answer !== "OK") {
        interrupted += 1;
        assert.equal(answer, "UNAVAILABLE", `after ${seconds} s`);
        assert.equal(await intentOf(volume), beginning, `after ${seconds} s`);
        if (round % 2 === 0) await forgetVolume(volume);
        await volume.stage();
      }
      t.diagnostic(
        `${type} ${round} ${JSON.stringify(parameters)}: killed after ${seconds} s of ${longestMs} ms: ${answer}`,
      );
      await assertUsable(volume);
    }
    assert.ok(interrupted > 0, "at least one mkfs was cut short");
  }

  // The one whose mkfs minds what an earlier one has left, and in long rounds the others.
  for (const type of isLongRound ? filesystemTypes : (["btrfs"] as const)) {
    it(`${type}: is begun again also when it was done, and only its end was not seen`, async () => {
      const wrapper = `/usr/local/sbin/mkfs.${type}`;
      const real = await run(`command -v mkfs.${type}`);
      await run(`printf '#!/bin/sh\n${real} "$@"; exit 1\n' > ${wrapper}; chmod +x ${wrapper}`);
      const volume = new GuestVolume(guest, `${type}-done`, type);
      await volume.create(sizeMiB);
      await volume.publish();
      await assert.rejects(volume.stage(), { code: "UNAVAILABLE" });
      await run(`rm ${wrapper}`);
      assert.equal(await intentOf(volume), beginning);
      await forgetVolume(volume);
      await volume.stage();
      await assertUsable(volume);
    });
  }

  itInLongRounds("would leave the volume unusable without the intent, once something was written", async () => {
    const mutant = await buildMutant({
      name: "no-intent",
      file: "src/services/format-gate.ts",
      replace: '  if (intents.length > 0) return { action: "format" };\n',
      by: "",
    });
    await guest.stop();
    await guest.start(mutant);
    const volume = new GuestVolume(guest, "mutant", "xfs");
    await volume.create(sizeMiB);
    await volume.publish();
    const answer = await stageKilledAfter(volume, "xfs", "0.05");
    assert.equal(answer, "UNAVAILABLE");
    await forgetVolume(volume);
    await assert.rejects(volume.stage(), { code: "FAILED_PRECONDITION" });
    await guest.stop();
    await guest.start();
    await volume.stage();
    await assertUsable(volume);
  });

  it("leaves nothing behind", async () => {
    await guest.stop();
    assert.deepEqual(await census(guest.machine), []);
    await guest.start();
  });
});
