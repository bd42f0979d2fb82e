/** Every file system that a class may ask for, on a real device: used, used again, made larger. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { filesystemTypes } from "../../src/domain/model.ts";
import { census } from "../support/census.ts";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { corruptionTests } from "./filesystems/corruption.ts";
import { mkfsOptionTests } from "./filesystems/mkfs-options.ts";
import { readerTests } from "./filesystems/readers.ts";

const limitMs = 15 * 60 * 1000;
/** What each mkfs must have made, in the words of a program that only reads. */
const features = {
  ext4: { show: (device: string) => `dumpe2fs -h ${device} 2>/dev/null`, has: /metadata_csum/, lacks: /orphan_file/ },
  xfs: {
    show: (device: string) => `xfs_db -r -c info ${device}`,
    has: /bigtime=1 inobtcount=1 nrext64=0/,
    lacks: /parent=1/,
  },
  btrfs: {
    show: (device: string) => `btrfs inspect-internal dump-super ${device}`,
    has: /FREE_SPACE_TREE_VALID/,
    lacks: /BLOCK_GROUP_TREE/,
  },
} as const;

describe("a volume with a file system", { timeout: limitMs }, () => {
  let guest: GuestDriver;
  const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();

  before(async () => void (guest = await startGuestDriver({ signal: AbortSignal.timeout(limitMs), poolMiB: 8192 })));
  after(async () => guest[Symbol.asyncDispose]());

  for (const type of filesystemTypes) {
    describe(`of type ${type}`, () => {
      let volume: GuestVolume;
      const expectKept = async () => assert.equal(await run(`cat ${volume.staging}/file`), "kept");

      before(async () => {
        volume = new GuestVolume(guest, `${type}-used`, type);
        await volume.open();
      });
      after(async () => volume.destroy());

      it("is made with the features of its kind, published, and mounted again with its files", async () => {
        const { show, has, lacks } = features[type];
        const made = await run(show(await volume.device()));
        assert.match(made, has);
        assert.doesNotMatch(made, lacks);
        assert.equal(await run(`findmnt -no FSTYPE ${volume.staging}`), type);
        await volume.stage();
        await volume.nodePublish();
        await run(`echo kept > ${volume.target}/file; sync -f ${volume.target}`);
        await volume.nodeUnpublish();
        await volume.unstage();
        await volume.unpublish();
        await volume.publish();
        await volume.stage();
        await expectKept();
      });

      it("is not mounted as another file system, and not changed by the attempt", async () => {
        await volume.unstage();
        const before = await volume.lastWrite();
        for (const other of filesystemTypes.filter((name) => name !== type)) {
          const wrong = new GuestVolume(guest, `${type}-used`, other);
          const refusal = { code: "FAILED_PRECONDITION", message: new RegExp(`holds ${type}, not ${other}`) };
          await assert.rejects(wrong.stage(volume.context), refusal);
        }
        assert.equal(await volume.lastWrite(), before);
      });

      it("becomes as large as its device when it is staged", async () => {
        const namespace = `/sys/kernel/config/nvmet/subsystems/${volume.nqn}/namespaces/1`;
        await run(`truncate -s 640M ${volume.backing}; echo 1 > ${namespace}/revalidate_size`);
        await volume.stage();
        const [, size] = (await run(`df -B 1M --output=size ${volume.staging}`)).split("\n");
        assert.ok(Number(size) > 500, `of 640 MiB: ${size}`);
        await expectKept();
      });
    });
  }

  mkfsOptionTests(() => guest);
  corruptionTests(() => guest);
  readerTests(() => guest);

  it("leaves nothing behind", async () => {
    await guest.stop();
    assert.deepEqual(await census(guest.machine), []);
    await guest.start();
  });
});
