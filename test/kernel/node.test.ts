/** The node service on a real kernel: mounts, raw block, paths that show something else, and processes apart. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { census } from "../support/census.ts";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { mistakenDeviceTests } from "./node/mistaken-device.ts";
import { swappedLinkTests } from "./node/swapped-links.ts";
import type { HoldRequest } from "../../src/host/direct-io-child.ts";

describe("the node service", () => {
  let guest: GuestDriver;

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(900_000), poolMiB: 8192 });
  });

  after(async () => guest[Symbol.asyncDispose]());

  const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();
  const optionsAt = async (path: string) => (await run(`findmnt --noheadings --output OPTIONS ${path}`)).split(",");

  it("stages and publishes once, however often it is asked", async () => {
    const volume = new GuestVolume(guest, "again", "ext4");
    await volume.open();
    const formatted = await run(`blkid -o value -s UUID -p ${await volume.device()}`);
    for (let round = 0; round < 3; round += 1) {
      await volume.stage();
      await volume.nodePublish();
    }
    assert.equal(await run(`findmnt --noheadings --list --output TARGET | grep -c /run/kubelet/again`), "2");
    assert.equal(await run("ls /sys/class/nvme | wc -l"), "1");
    assert.equal(await run(`blkid -o value -s UUID -p ${await volume.device()}`), formatted);
    for (let round = 0; round < 2; round += 1) await volume.nodeUnpublish();
    for (let round = 0; round < 2; round += 1) await volume.unstage();
    assert.equal(await run("ls /sys/class/nvme | wc -l"), "0");
    await volume.destroy();
  });

  it("publishes read-only where asked, and refuses to change that in place", async () => {
    const volume = new GuestVolume(guest, "read-only", "ext4");
    await volume.open();
    await volume.nodePublish({ readOnly: true });
    assert.ok((await optionsAt(volume.target)).includes("ro"));
    assert.ok((await optionsAt(volume.staging)).includes("rw"));
    assert.notEqual((await guest.machine.sh(`touch ${volume.target}/x`, { check: false })).exitCode, 0);
    await assert.rejects(volume.nodePublish(), {
      code: "ALREADY_EXISTS",
      message: /published there read-only already/,
    });
    await volume.destroy();
  });

  it("gives a raw block volume to a pod as a device file that carries its data", async () => {
    const volume = new GuestVolume(guest, "raw", "block");
    await volume.open();
    await volume.nodePublish();
    assert.equal(await run(`stat --format=%F ${volume.target}`), "block special file");
    await run(
      `printf '%-4096s' 'raw data' | dd of=${volume.target} bs=4096 seek=7 oflag=direct conv=notrunc status=none`,
    );
    assert.equal(await run(`dd if=${volume.backing} bs=4096 skip=7 count=1 status=none | head --bytes=8`), "raw data");
    await assert.rejects(volume.unstage(), { code: "ABORTED", message: /nothing may use/ });
    await volume.destroy();
  });

  it("gives a raw block volume read-only, in words", async () => {
    const volume = new GuestVolume(guest, "raw-read-only", "block");
    await volume.open();
    await volume.nodePublish({ readOnly: true });
    await volume.nodePublish({ readOnly: true });
    assert.ok((await optionsAt(volume.target)).includes("ro"));
    await assert.rejects(volume.nodePublish(), { code: "ALREADY_EXISTS", message: /read-only already/ });
    await volume.destroy();
  });

  it("measures the space of a volume where it is mounted, and nothing elsewhere", async () => {
    const volume = new GuestVolume(guest, "measured", "ext4");
    await volume.open();
    await volume.nodePublish();
    const request = { volume_id: volume.id, volume_path: volume.target };
    const { usage, volume_condition } = await guest.client.node.NodeGetVolumeStats(request);
    assert.deepEqual(
      usage.map(({ unit }) => unit),
      ["BYTES", "INODES"],
    );
    const total = Number(usage[0]?.total);
    assert.ok(total > 256 * 1024 * 1024 && total < 320 * 1024 * 1024, `${total} bytes`);
    assert.equal(volume_condition?.abnormal, false);
    await assert.rejects(guest.client.node.NodeGetVolumeStats({ ...request, volume_path: "/run" }), {
      code: "NOT_FOUND",
    });
    await volume.destroy();
  });

  it("leaves another volume alone that is mounted where it is asked to unmount", async () => {
    const mine = new GuestVolume(guest, "mine", "ext4");
    const other = new GuestVolume(guest, "other", "ext4");
    await mine.open();
    await mine.nodePublish();
    await other.create();
    const { node } = guest.client;
    await node.NodeUnpublishVolume({ volume_id: other.id, target_path: mine.target });
    await node.NodeUnstageVolume({ volume_id: other.id, staging_target_path: mine.staging });
    assert.ok((await optionsAt(mine.target)).includes("rw"));
    assert.ok((await optionsAt(mine.staging)).includes("rw"));
    await mine.destroy();
    await other.delete();
  });

  it("does not publish what is not staged, and binds no empty directory in its place", async () => {
    const volume = new GuestVolume(guest, "unstaged", "ext4");
    await volume.create();
    await volume.publish();
    await assert.rejects(volume.nodePublish(), { code: "FAILED_PRECONDITION", message: /must be staged/ });
    await volume.stage();
    await run(`umount ${volume.staging}`);
    await assert.rejects(volume.nodePublish(), { code: "FAILED_PRECONDITION", message: /must be the mount of/ });
    await volume.stage();
    await volume.nodePublish();
    await volume.destroy();
  });

  it("says that an unstage is not done while something holds the file system, even out of sight of the mount table", async () => {
    const volume = new GuestVolume(guest, "held", "ext4");
    await volume.open();
    const holder = await guest.machine.spawn(["sh", "-c", `exec 3> ${volume.staging}/held; exec sleep 600`]);
    await run(`until [ -e ${volume.staging}/held ]; do :; done; umount --lazy ${volume.staging}`);
    await assert.rejects(volume.unstage(), { code: "ABORTED" });
    assert.equal(await run("ls /sys/class/nvme | wc -l"), "1");
    await holder.kill("SIGKILL");
    await holder.exited;
    await volume.destroy();
  });

  it("refuses to mount over what somebody else has mounted at the staging path", async () => {
    const volume = new GuestVolume(guest, "occupied", "ext4");
    await volume.create();
    await volume.publish();
    await run(`mount -t tmpfs theirs ${volume.staging}`);
    await assert.rejects(volume.stage(), { code: "FAILED_PRECONDITION", message: /nothing else may be mounted/ });
    await run(`umount ${volume.staging}`);
    await volume.destroy();
  });

  it("knows a device by UUID and disk sequence number when name and number are somebody else's by now", async () => {
    const volume = new GuestVolume(guest, "identity", "block");
    await volume.open();
    const path = await volume.device();
    const [major, minor] = (await run(`cat /sys/class/block/${path.slice(5)}/dev`)).split(":").map(Number);
    assert.ok(major !== undefined && minor !== undefined);
    const own = await run(`cat /sys/class/block/${path.slice(5)}/diskseq`);
    const ask = async (uuid: string, diskseq = own) => {
      const request: HoldRequest = { op: "hold", path, expect: { kind: "block", major, minor, uuid, diskseq } };
      const { node, project } = guest.machine;
      return (
        await guest.machine.exec([node, `${project}/dist/direct-io-child.js`], {
          stdin: `1 ${JSON.stringify(request)}`,
        })
      ).stdout;
    };
    assert.match(await ask(volume.uuid), /"ok":true/);
    assert.match(await ask("6ba7b811-9dad-51d1-80b4-00c04fd430c8"), /WRONG_DEVICE/);
    assert.match(await ask(volume.uuid, String(Number(own) + 1)), /WRONG_DEVICE/);
    await volume.destroy();
  });

  it("repairs a mount that lost its device when it is staged again", async () => {
    const volume = new GuestVolume(guest, "dead", "ext4");
    await volume.open();
    await run(
      `echo kept > ${volume.staging}/file; sync ${volume.staging}/file; for c in /sys/class/nvme/nvme*; do echo 1 > $c/delete_controller; done`,
    );
    await volume.stage();
    assert.equal(await run(`cat ${volume.staging}/file`), "kept");
    await volume.destroy();
  });

  it("says that a file system has shut down, and mounts it anew once no pod uses it", async () => {
    const volume = new GuestVolume(guest, "shut-down", "xfs");
    await volume.open();
    await volume.nodePublish();
    await run(`echo kept > ${volume.target}/file; sync -f ${volume.target}; xfs_io -x -c shutdown ${volume.target}`);
    const at = { volume_id: volume.id, volume_path: volume.target };
    const { volume_condition } = await guest.client.node.NodeGetVolumeStats(at);
    assert.deepEqual(volume_condition, { abnormal: true, message: "its file system has shut down after an error" });
    await assert.rejects(volume.stage(), { code: "FAILED_PRECONDITION", message: /end the pods that use it here/ });
    await volume.nodeUnpublish();
    await volume.stage();
    assert.equal(await run(`cat ${volume.staging}/file`), "kept");
    await volume.destroy();
  });

  mistakenDeviceTests(() => guest);
  swappedLinkTests(() => guest);

  it("opens no file and starts no process that stays, over several lives of a volume", async () => {
    const held = async () => await run(`ls /proc/${guest.pid}/fd | wc -l; pgrep --parent ${guest.pid} | wc -l`);
    const volume = new GuestVolume(guest, "lives", "ext4");
    const live = async () => {
      await volume.open();
      await volume.nodePublish();
      await volume.destroy();
    };
    await live();
    const before = await held();
    for (let round = 0; round < 3; round += 1) await live();
    assert.equal(await held(), before);
  });

  it("leaves nothing behind", async () => {
    assert.equal(await guest.stop(), 0);
    assert.deepEqual(await census(guest.machine), []);
  });
});
