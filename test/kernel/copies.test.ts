/**
 * Snapshots, copies and growth on a real kernel: what was promised before a copy is in it, what came later is not, and each
 * is independent of the others.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { filesystemTypes } from "../../src/domain/model.ts";
import { BlockLedger } from "../support/block-ledger/block-ledger.ts";
import { census } from "../support/census.ts";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { labLayers } from "../support/guest-pool.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { isLongRound, itInLongRounds } from "../support/long-round.ts";

const limitMs = 15 * 60 * 1000;
const limit = () => AbortSignal.timeout(60_000);
/** For each change what most volumes are. */
const layers = isLongRound ? labLayers : (["file"] as const);

for (const layer of layers) {
  describe(`a volume of layer ${layer} that is written to`, { timeout: limitMs }, () => {
    const usedAs = isLongRound ? (["block", ...filesystemTypes] as const) : (["ext4"] as const);
    let guest: GuestDriver;
    const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();
    const removeSnapshot = async (snapshot_id: string) => guest.client.controller.DeleteSnapshot({ snapshot_id });
    /** Where a ledger of a volume is, as its pod sees it. */
    const ledgerOf = (volume: GuestVolume, use: string) =>
      use === "block" ? volume.target : `${volume.target}/ledger`;
    const flush = async () => run("echo 3 > /proc/sys/vm/drop_caches");

    before(
      async () => void (guest = await startGuestDriver({ signal: AbortSignal.timeout(limitMs), poolMiB: 8192, layer })),
    );
    after(async () => guest[Symbol.asyncDispose]());

    for (const use of usedAs) {
      it(`as ${use} gives snapshots and copies of one instant each, that are used beside it and grow`, async () => {
        const volume = new GuestVolume(guest, `source-${use}`, use);
        await volume.open();
        await volume.nodePublish();
        const ledger = await BlockLedger.open(guest.machine, { path: ledgerOf(volume, use), volume: volume.id });
        await ledger.advance(20, limit());
        const beforeSnapshot = ledger.promised;
        const source = await volume.snapshot(`snapshot-${use}`);
        // Numbers are on their way while the answer arrives, so only writes some time later are surely not in it.
        await ledger.advance(20, limit());
        const beforeCopy = ledger.promised;
        const copy = new GuestVolume(guest, `copy-${use}`, use);
        await copy.create(320, volume.asSource);
        await ledger.advance(5, limit());

        const restored = new GuestVolume(guest, `restored-${use}`, use);
        await restored.open(640, source);
        await restored.nodePublish();
        await copy.publish();
        await copy.stage();
        await copy.nodePublish();
        await ledger.advance(5, limit());
        await volume.expand(960);
        await ledger.advance(5, limit());
        await ledger.close();
        await flush();
        await ledger.judge(ledgerOf(volume, use), { least: ledger.promised, most: ledger.promised + 1 });
        await ledger.judge(ledgerOf(restored, use), { least: beforeSnapshot, most: beforeCopy });
        await ledger.judge(ledgerOf(copy, use), { least: beforeCopy, most: ledger.promised });
        for (const [grown, MiB] of [
          [volume, 960],
          [restored, 640],
        ] as const) {
          assert.equal(await run(`blockdev --getsize64 ${await grown.device()}`), String(MiB * 1024 * 1024));
          if (use === "block") continue;
          const [, size] = (await run(`df -B 1M --output=size ${grown.target}`)).split("\n");
          assert.ok(Number(size) > MiB * 0.8, `${size} of ${MiB} MiB`);
        }
        // In an order in which each source goes before its copy.
        await volume.destroy();
        await removeSnapshot(source.snapshot.snapshot_id);
        await flush();
        await ledger.judge(ledgerOf(restored, use), { least: beforeSnapshot, most: beforeCopy });
        await restored.destroy();
        await copy.destroy();
      });
    }

    itInLongRounds("is copied five times in a row, each from the last one, and every copy has the data", async () => {
      const first = new GuestVolume(guest, "chain-0", "block");
      await first.open();
      const device = await first.device();
      await run(
        `head -c 65536 /dev/urandom > /run/pattern; dd if=/run/pattern of=${device} bs=4096 oflag=direct status=none`,
      );
      let last = first;
      const chain = [first];
      for (let depth = 1; depth <= 5; depth += 1) {
        const next = new GuestVolume(guest, `chain-${depth}`, "block");
        await next.create(320, last.asSource);
        chain.push(next);
        last = next;
      }
      await last.publish();
      await last.stage();
      assert.equal(await run(`cmp -n 65536 /run/pattern ${await last.device()} && echo same`), "same");
      for (const volume of chain.toReversed()) await volume.destroy();
    });

    it("is not copied while a file system is being made on it", async () => {
      const volume = new GuestVolume(guest, "half-made", "ext4");
      await volume.create();
      await volume.publish();
      await run("printf '#!/bin/sh\\nexec sleep 1000\\n' > /run/slow-mkfs && chmod +x /run/slow-mkfs");
      const path = await run("command -v mkfs.ext4");
      await run(`mount --bind /run/slow-mkfs ${path}`);
      try {
        await assert.rejects(volume.stage(volume.context, { deadlineMs: 5000 }), { code: "DEADLINE_EXCEEDED" });
        await assert.rejects(volume.snapshot("half"), { code: "FAILED_PRECONDITION", message: /is being made/ });
      } finally {
        await guest.kill();
        await run(`pkill -f '[s]leep 1000' || true; umount ${path}`);
        await guest.start();
      }
      await volume.stage();
      const source = await volume.snapshot("whole");
      await removeSnapshot(source.snapshot.snapshot_id);
      await volume.destroy();
    });

    it("keeps its size and its data over a loss of power in the middle of growth", async () => {
      await guest.stop();
      await guest.start("dist", ["--state-dir", "/pool/state"]);
      const volume = new GuestVolume(guest, "power", "ext4");
      await volume.open();
      await run(`seq 1 5000 > ${volume.staging}/file; sync ${volume.staging}/file`);
      await guest.client.controller.ControllerExpandVolume({
        volume_id: volume.id,
        capacity_range: { required_bytes: String(640 * 1024 * 1024) },
      });
      await guest.losePower(["--state-dir", "/pool/state"]);
      await run(`mkdir -p ${volume.staging}`);
      // As the kubelet does: the context is older than the growth.
      await volume.stage();
      assert.equal(await run(`seq 1 5000 | cmp - ${volume.staging}/file && echo same`), "same");
      const [, size] = (await run(`df -B 1M --output=size ${volume.staging}`)).split("\n");
      assert.ok(Number(size) > 500, `${size} of 640 MiB`);
      await volume.destroy();
    });

    it("leaves nothing behind", async () => {
      assert.equal(await guest.stop(), 0);
      assert.deepEqual(await census(guest.machine), []);
    });
  });
}
