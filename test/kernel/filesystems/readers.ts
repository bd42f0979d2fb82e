/** Volumes that a node may only read: nothing on them changes, and what would have to change is refused. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { filesystemTypes } from "../../../src/domain/model.ts";
import type { GuestDriver } from "../../support/guest-driver.ts";
import { GuestVolume } from "../../support/guest-volume.ts";
import { isLongRound } from "../../support/long-round.ts";

const mode = "SINGLE_NODE_READER_ONLY";

export function readerTests(guestOf: () => GuestDriver): void {
  const run = async (script: string) => (await guestOf().machine.sh(script)).stdout.trim();

  describe("a volume that a node may only read", () => {
    for (const type of isLongRound ? filesystemTypes : (["ext4"] as const)) {
      it(`of type ${type} is mounted unchanged, and refused while its log is to be replayed`, async () => {
        const guest = guestOf();
        const volume = new GuestVolume(guest, `writer-${type}`, type);
        await volume.open();
        await run(`echo kept > ${volume.staging}/file; sync ${volume.staging}/file`);
        // What a copy of a mounted file system is: as after a loss of power.
        const [copy, reader] = [type, type].map((use, index) => {
          return new GuestVolume(guest, `reader-${type}`, use, index === 0 ? {} : { mode });
        });
        assert.ok(copy !== undefined && reader !== undefined);
        await copy.create(320, volume.asSource);
        await run(`mkdir -p ${reader.staging}`);
        await reader.publish();
        const before = await reader.lastWrite();
        await assert.rejects(reader.stage(), {
          code: "FAILED_PRECONDITION",
          message: new RegExp(`the log of its ${type} must be replayed: let a pod mount the volume read-write once`),
        });
        assert.equal(await reader.lastWrite(), before);
        await reader.unpublish();
        await copy.publish();
        await copy.stage();
        await copy.unstage();
        await copy.unpublish();
        await reader.publish();
        const clean = await reader.lastWrite();
        await reader.stage();
        await reader.nodePublish();
        assert.equal(await run(`cat ${reader.target}/file`), "kept");
        await assert.rejects(run(`touch ${reader.target}/file`), /Read-only file system/);
        const device = await reader.device();
        await assert.rejects(
          run(`dd if=/dev/zero of=${device} bs=4k count=1 status=none`),
          /Operation not permitted|Read-only/,
        );
        assert.equal(await reader.lastWrite(), clean);
        await reader.destroy();
        await volume.destroy();
      });
    }

    it("as raw block refuses every write", async () => {
      const guest = guestOf();
      const volume = new GuestVolume(guest, "reader-block", "block", { mode });
      await volume.open();
      const before = await volume.lastWrite();
      await volume.nodePublish();
      assert.equal(await run(`head -c 4096 ${volume.target} | tr -d '\\0' | wc -c`), "0");
      const write = run(`dd if=/dev/urandom of=${volume.target} bs=4k count=1 oflag=direct status=none`);
      await assert.rejects(write, /Operation not permitted|Read-only/);
      assert.equal(await volume.lastWrite(), before);
      await volume.destroy();
    });
  });
}
