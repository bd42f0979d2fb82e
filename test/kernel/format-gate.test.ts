/**
 * The format gate on real devices (DESIGN 5.1): a blank volume is formatted once, and whatever else a device holds, has
 * lost or does not tell is left as it is. That each refusal can fail is shown in format-gate-guards.round.ts.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { census } from "../support/census.ts";
import { isLongRound } from "../support/long-round.ts";
import { openBench, type GateBench } from "./format-gate/bench.ts";
import { foreignData } from "./format-gate/foreign-data.ts";
import type { Answer, GateVolume, PublishContext } from "./format-gate/gate-volume.ts";
import * as scenarios from "./format-gate/scenarios.ts";
import type { Verdict } from "./format-gate/scenarios.ts";

const limitMs = 15 * 60 * 1000;
const staged: Answer = { code: "OK", message: "" };
const lost = /its device reads as blank: its data is lost$/;

/** Refused for good, for this reason, and nothing was written. */
function assertRefused({ code, message, touched }: Verdict, reason: RegExp): void {
  assert.match(message, reason);
  assert.deepEqual({ code, touched }, { code: "FAILED_PRECONDITION", touched: false });
}

function assertUnavailable({ code, message, touched }: Verdict, reason: RegExp): void {
  assert.match(message, reason);
  assert.deepEqual({ code, touched }, { code: "UNAVAILABLE", touched: false });
}

/** What must survive: the file system's UUID, when it was made, and the files. */
async function contentsOf(volume: GateVolume): Promise<string> {
  const device = `$(findmnt -no SOURCE "$2")`;
  const filesystem = `dumpe2fs -h "${device}" 2>/dev/null | grep -E '^Filesystem (UUID|created)'`;
  return await volume.run(`${filesystem}; cd "$2"; find . -type f -exec sha256sum {} + | sort -k 2`);
}

const writeFiles = `mkdir "$2/d"; head -c 3000000 /dev/urandom > "$2/d/random"; echo text > "$2/text"`;

describe("the format gate", { timeout: limitMs }, () => {
  let bench: GateBench;

  before(async () => void (bench = await openBench(AbortSignal.timeout(limitMs))));
  after(async () => bench[Symbol.asyncDispose]());

  it("sees a write of the very same bytes to a preserved backing file", async () => {
    await using volume = await bench.volume();
    const write = `printf x | dd of="$1" conv=notrunc,fsync status=none`;
    await volume.run(write);
    await volume.preserve();
    assert.equal(await volume.isTouched(), false);
    await volume.run(write);
    assert.equal(await volume.isTouched(), true);
  });

  it("formats a blank volume once, and only checks it on later stages of the same and of a new publication", async (t) => {
    await using volume = await bench.volume();
    const first = await volume.publish();
    assert.deepEqual(await volume.stage(first), staged);
    assert.equal(await volume.did(t.signal), "formatted and mounted");
    await volume.run(writeFiles);
    const contents = await contentsOf(volume);
    await volume.unstage();
    assert.deepEqual(await volume.stage(first), staged);
    assert.equal(await volume.did(t.signal), "checked and mounted");
    assert.equal(await contentsOf(volume), contents);
    await volume.unstage();
    await volume.unpublish();
    const second = await volume.publish();
    assert.deepEqual([second["content"], second["contentType"]], ["present", "ext4"]);
    assert.deepEqual(await volume.stage(second), staged);
    assert.equal(await volume.did(t.signal), "checked and mounted");
    assert.equal(await contentsOf(volume), contents);
  });

  it("mounts an ext4 that somebody else made, whether the target calls the volume blank or not", async (t) => {
    await using volume = await bench.volume();
    const blank = await volume.publish();
    await volume.run(`mkfs.ext4 -q -b 4096 "$1"; mount -o loop "$1" "$2"; ${writeFiles}; umount "$2"; sync "$1"`);
    const [uuid] = (await volume.run(`blkid -p -o value -s UUID "$1"`)).split("\n");
    assert.deepEqual(await volume.stage(blank), staged);
    assert.equal(await volume.did(t.signal), "checked and mounted");
    const contents = await contentsOf(volume);
    assert.match(contents, new RegExp(`${uuid}[^]* ./d/random\\n[^]* ./text\\n`));
    await volume.unstage();
    const present = await volume.publish();
    assert.deepEqual([present["content"], present["contentType"], present["contentUuid"]], ["present", "ext4", uuid]);
    assert.deepEqual(await volume.stage(present), staged);
    assert.equal(await contentsOf(volume), contents);
  });

  /** In long rounds also with what the target has learned by then. */
  describe("leaves alone what is no ext4, also when the target calls the volume blank:", () => {
    let volume: GateVolume;
    let blank: PublishContext;
    before(async () => {
      volume = await bench.volume();
      blank = await volume.publish();
      assert.equal(blank["content"], "blank");
    });
    after(async () => volume[Symbol.asyncDispose]());

    async function refuses(context: PublishContext, reason: RegExp): Promise<void> {
      const answer = await volume.stage(context);
      const touched = await volume.isTouched();
      if (answer.code === "OK") await volume.unstage();
      assertRefused({ ...answer, touched }, reason);
    }

    for (const { name, write, found, contentType } of foreignData) {
      it(name, async () => {
        await volume.clear();
        await volume.run(write);
        await volume.preserve();
        await refuses(blank, found);
        const present = await volume.publish();
        assert.deepEqual([present["content"], present["contentType"]], ["present", contentType]);
        if (isLongRound) await refuses(present, found);
      });
    }
  });

  it("leaves data alone that only the target has seen", async () => {
    assertRefused(await scenarios.knownToTargetAlone(bench), /the target has seen data on the volume/);
  });

  it("asks again while the superblock of a file system cannot be read, and then mounts it", async () => {
    await using volume = await bench.volume();
    assert.deepEqual(await volume.stage(await volume.publish()), staged);
    await volume.run(writeFiles);
    const contents = await contentsOf(volume);
    await volume.unstage();
    await volume.unpublish();
    const context = await volume.publish();
    assertUnavailable(await scenarios.judgeUnreadable(bench, volume, context), /must be readable: EIO/);
    assert.deepEqual(await volume.stage(context), staged);
    assert.equal(await contentsOf(volume), contents);
  });

  it("asks again while a blank volume cannot be read, and then formats it", async (t) => {
    await using volume = await bench.volume();
    const context = await volume.publish();
    await volume.run(`dd if=/dev/zero of="$1" bs=4k count=1 conv=notrunc,fsync status=none`);
    assertUnavailable(await scenarios.judgeUnreadable(bench, volume, context), /must be readable: EIO/);
    assert.deepEqual(await volume.stage(context), staged);
    assert.equal(await volume.did(t.signal), "formatted and mounted");
  });

  for (const how of ["punched out", "overwritten with zeros"] as const) {
    it(`refuses a formatted volume whose backing was ${how} between two publications`, async () => {
      assertRefused(await scenarios.zeroedBetweenPublications(how)(bench), lost);
    });
  }

  it("refuses a formatted volume whose backing was zeroed while the node was down, before the target saw it", async () => {
    assertRefused(await scenarios.zeroedInOnePublication(bench), lost);
  });

  it("refuses a formatted volume whose backing was zeroed between two stages of one publication", async () => {
    assertRefused(await scenarios.zeroedBetweenStages(bench), lost);
  });

  it("refuses another volume's device under the NQN of this one", async () => {
    assertRefused(await scenarios.strangersDevice(bench), /its namespace must have uuid/);
  });

  it("waits for a device that is smaller than the volume", async () => {
    const { code, touched } = await scenarios.shrunkDevice(8000)(bench);
    assert.deepEqual({ code, touched }, { code: "DEADLINE_EXCEEDED", touched: false });
  });

  it("does not take another disk's node for the device", async () => {
    assertUnavailable(await scenarios.strangersDeviceNode(bench), /must be device/);
  });

  it("leaves nothing behind", async () => {
    assert.equal(await bench.guest.stop(), 0);
    assert.deepEqual(await census(bench.machine), []);
  });
});
