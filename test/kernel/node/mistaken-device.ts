/** Devices under a wrong name, a wrong size or somebody else's UUID: each volume keeps its own data, by name if refused. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GuestDriver } from "../../support/guest-driver.ts";
import { poolPath } from "../../support/guest-pool.ts";
import { GuestVolume } from "../../support/guest-volume.ts";
import { itInLongRounds } from "../../support/long-round.ts";
import { buildMutant, type Mutation } from "../../support/mutant.ts";

const configfs = "/sys/kernel/config/nvmet";
const rogue = "nqn.2014-08.org.example:rogue";
const size = 320 * 1024 * 1024;

const holdsNothing: Mutation = {
  name: "holds-nothing",
  file: "src/host/direct-io-child.ts",
  replace: "  held = file;\n",
  by: "  closeSync(file);\n",
};

export function mistakenDeviceTests(opened: () => GuestDriver): void {
  describe("a device that could be mistaken", () => {
    const run = async (script: string) => (await opened().machine.sh(script)).stdout.trim();
    /** Its controllers end without a word of the driver, as after a fence. */
    const loseScript = ({ nqn }: GuestVolume) => `for path in /sys/class/nvme-subsystem/*; do
        [ "$(cat $path/subsysnqn)" != ${nqn} ] || for c in $path/nvme?; do echo 1 > $c/delete_controller; done
      done`;

    it("is no other volume's when two are connected in swapped order", async () => {
      const [first, second] = [new GuestVolume(opened(), "first", "ext4"), new GuestVolume(opened(), "second", "xfs")];
      const write = async (volume: GuestVolume) => {
        await volume.open();
        await run(`echo ${volume.id} > ${volume.staging}/name; sync -f ${volume.staging}`);
        return await volume.device();
      };
      const names = [await write(first), await write(second)];
      for (const volume of [first, second]) await volume.unstage();
      for (const volume of [second, first]) await volume.stage();
      assert.deepEqual([await second.device(), await first.device()], names, "the names have changed owners");
      for (const volume of [first, second]) {
        assert.equal(await run(`cat ${volume.staging}/name`), volume.id);
        await volume.destroy();
      }
    });

    /**
     * Two published volumes that have lost their devices, which had one name and number. The kernel gives a number again only
     * some time after it was let go.
     */
    async function likeEachOther(use: "ext4" | "block", attempt = 1): Promise<readonly [GuestVolume, GuestVolume]> {
      const pair = [
        new GuestVolume(opened(), `former-${use}-${attempt}`, "block"),
        new GuestVolume(opened(), `later-${use}-${attempt}`, use),
      ] as const;
      const names = [];
      for (const volume of pair) {
        await volume.open();
        await volume.nodePublish();
        const device = await volume.device();
        names.push(`${device} ${await run(`cat /sys/class/block/${device.slice(5)}/dev`)}`);
        await run(loseScript(volume));
      }
      if (names[0] === names[1]) return pair;
      assert.ok(attempt < 10, names.join(", "));
      for (const volume of pair.toReversed()) await volume.destroy();
      return await likeEachOther(use, attempt + 1);
    }

    for (const use of ["ext4", "block"] as const) {
      it(`leaves no mount that another volume has to wait for: both had its name and number, and ${use} is left of one`, async () => {
        const [former, later] = await likeEachOther(use);
        for (const volume of [former, later]) {
          const own = new RegExp(`nothing may use .*got \\["${volume.target}"\\]`);
          await assert.rejects(volume.unstage(), { code: "ABORTED", message: own });
        }
        await former.nodeUnpublish();
        await former.unstage();
        assert.notEqual(await run(`grep -c ' ${later.target} ' /proc/self/mountinfo || true`), "0");
        for (const volume of [later, former]) await volume.destroy();
      });
    }

    /**
     * The device vanishes between the last look and mkfs, while another volume is connected, whose device takes the name
     * if it is free (V33). Gives what the stage said, and what is at the start of the other volume.
     */
    async function vanish(name: string): Promise<{ readonly message: string; readonly other: string }> {
      const volume = new GuestVolume(opened(), name, "ext4");
      const other = new GuestVolume(opened(), `${name}-other`, "block");
      for (const each of [volume, other]) {
        await each.create();
        await each.publish();
      }
      const real = await run("command -v mkfs.ext4");
      // In front of the real one in the driver's PATH.
      const wrapper = "/usr/local/sbin/mkfs.ext4";
      await run(`printf '#!/bin/sh\\ntouch /run/mkfs-begun\\nuntil [ -e /run/mkfs-go ]; do :; done\\nexec ${real} "$@"\\n' > ${wrapper}
      chmod +x ${wrapper}`);
      const stage = volume.stage().then(
        () => "",
        (error: unknown) => String(error),
      );
      await run(`until [ -e /run/mkfs-begun ]; do :; done
      ${loseScript(volume)}`);
      await other.stage();
      const device = await other.device();
      await run(
        `printf theirs | dd of=${device} bs=4096 conv=sync oflag=direct status=none; rm ${wrapper}; touch /run/mkfs-go`,
      );
      const message = await stage;
      const theirs = await run(
        `dd if=${device} bs=4096 count=1 iflag=direct status=none | head --bytes=6 | tr '\\0' 0`,
      );
      await run("rm /run/mkfs-begun /run/mkfs-go");
      if (message !== "") await volume.stage();
      for (const each of [other, volume]) await each.destroy();
      return { message, other: theirs };
    }

    it("is formatted under no other volume's name when it vanishes before mkfs (V33)", async () => {
      const { message, other } = await vanish("vanished");
      assert.match(message, /mkfs.ext4 .*\/dev\/nvme/);
      assert.equal(other, "theirs");
    });

    itInLongRounds(
      "is another volume's, and formatted, when nothing holds it: the test of the test before",
      async () => {
        await opened().stop();
        await opened().start(await buildMutant(holdsNothing));
        assert.notEqual((await vanish("unheld")).other, "theirs");
        await opened().stop();
        await opened().start();
      },
    );

    /** A subsystem of somebody else's, with a namespace of the volume's UUID. */
    async function connectRogue({ uuid }: GuestVolume): Promise<void> {
      await run(`truncate -s ${size} ${poolPath}/rogue; mkdir -p ${configfs}/ports/77 ${configfs}/subsystems/${rogue}/namespaces/1
      cd ${configfs}/ports/77; echo tcp > addr_trtype; echo ipv4 > addr_adrfam; echo 127.0.0.1 > addr_traddr; echo 4421 > addr_trsvcid
      cd ${configfs}/subsystems/${rogue}; echo 1 > attr_allow_any_host; echo -n ${poolPath}/rogue > namespaces/1/device_path
      echo -n ${uuid} > namespaces/1/device_uuid; echo 1 > namespaces/1/enable
      ln -s ${configfs}/subsystems/${rogue} ${configfs}/ports/77/subsystems/
      nvme connect --transport tcp --traddr 127.0.0.1 --trsvcid 4421 --nqn ${rogue} > /dev/null`);
    }

    async function disconnectRogue(): Promise<void> {
      await run(`nvme disconnect --nqn ${rogue} > /dev/null; cd /; rm ${configfs}/ports/77/subsystems/*
      rmdir ${configfs}/ports/77 ${configfs}/subsystems/${rogue}/namespaces/1 ${configfs}/subsystems/${rogue}; rm ${poolPath}/rogue`);
    }

    it("is not found by its uuid alone: a second namespace of that uuid is refused by name, and never written", async () => {
      const volume = new GuestVolume(opened(), "twin", "ext4");
      await volume.create();
      await volume.publish();
      await connectRogue(volume);
      const written = async () => run(`sync ${poolPath}/rogue; stat --format=%.9Y ${poolPath}/rogue`);
      let before = await written();
      const refusal = {
        code: "FAILED_PRECONDITION",
        message: new RegExp(`uuid ${volume.uuid}; got "nvme\\d+n1 of ${rogue}"`),
      };
      await assert.rejects(volume.stage(), refusal);
      assert.equal(await written(), before);
      await disconnectRogue();
      await volume.stage();
      await run(`echo kept > ${volume.staging}/file`);
      await connectRogue(volume);
      before = await written();
      await volume.stage();
      await volume.nodePublish();
      assert.equal(await run(`cat ${volume.target}/file`), "kept");
      assert.equal(await written(), before);
      await disconnectRogue();
      await volume.destroy();
    });

    it("is refused by its size when it is smaller than what was published, and keeps its data", async () => {
      const volume = new GuestVolume(opened(), "short", "ext4");
      await volume.open();
      await run(`echo kept > ${volume.staging}/file`);
      await volume.unstage();
      const resize = async (bytes: number) =>
        run(
          `truncate -s ${bytes} ${volume.backing}; echo 1 > ${configfs}/subsystems/${volume.nqn}/namespaces/1/revalidate_size`,
        );
      await resize(size - 4 * 1024 * 1024);
      const before = await volume.lastWrite();
      const refusal = {
        code: "DEADLINE_EXCEEDED",
        message: new RegExp(`at least ${size} bytes .*; got ${size - 4 * 1024 * 1024}`),
      };
      await assert.rejects(volume.stage(volume.context, { deadlineMs: 6000 }), refusal);
      assert.equal(await volume.lastWrite(), before);
      await resize(size);
      await volume.stage();
      assert.equal(await run(`cat ${volume.staging}/file`), "kept");
      await volume.destroy();
    });
  });
}
