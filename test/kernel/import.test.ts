/**
 * What existed before the driver becomes a volume, on a real kernel: by an order while no driver serves, as a copy. What was
 * in it is read through a node, nothing is ever formatted, and what hosts could not use is refused and leaves nothing.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { volumeIdOf, type ClusterId } from "../../src/domain/identity.ts";
import type { FilesystemType } from "../../src/domain/model.ts";
import { census } from "../support/census.ts";
import { guestCluster, startGuestDriver, stateDir, type GuestDriver } from "../support/guest-driver.ts";
import { labGroup, labLayers, labThinPool, poolFlags, poolPath, runLvm, type LabLayer } from "../support/guest-pool.ts";
import { GuestVolume } from "../support/guest-volume.ts";

const limitMs = 15 * 60 * 1000;
const MiB = 1024 * 1024;
/** No multiple of 4 MiB, where the layer allows that. */
const originalMiB: Readonly<Record<LabLayer, number>> = { file: 333, "lvm-thin": 336 };
const importedBytes = 336 * MiB;
const [scratch, data] = ["/run/scratch", "seq 1 50000"];

/** Makes the disk "$1", of which "$2" says what it holds. */
const contents = {
  ext4: `mkfs.ext4 -q -b 4096 "$1"; mkdir -p ${scratch}; mount "$1" ${scratch}; ${data} > ${scratch}/old; umount ${scratch}`,
  zeros: ":",
  "an xfs for sectors of 512 bytes": `mkfs.xfs -q -s size=512 "$1"`,
  "an ext4 with blocks of 1 KiB": `mkfs.ext4 -q -b 1024 "$1"`,
  "a GPT for sectors of 512 bytes": `printf 'label: gpt\\n- -\\n' | sfdisk -q "$1"`,
  "an MBR": `printf 'label: dos\\n- -\\n' | sfdisk -q "$1"`,
} as const;
type Holding = keyof typeof contents;

/** What an order says of each where hosts see sectors of 4096 bytes, as they do on files. */
const refusals: readonly (readonly [Holding, RegExp])[] = [
  ["an xfs for sectors of 512 bytes", /its xfs is for sectors of 512 bytes, and hosts would see sectors of 4096 bytes/],
  ["an ext4 with blocks of 1 KiB", /its ext4 has blocks of 1024 bytes, and hosts would see sectors of 4096 bytes/],
  ["a GPT for sectors of 512 bytes", /its GPT is for sectors of 512 bytes, and hosts would see sectors of 4096 bytes/],
  ["an MBR", /its MBR counts in sectors of 512 bytes, and hosts would see sectors of 4096 bytes/],
];

for (const layer of labLayers) {
  describe(`what is imported into layer ${layer}`, { timeout: limitMs }, () => {
    let guest: GuestDriver;
    const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();

    before(async () => {
      guest = await startGuestDriver({ signal: AbortSignal.timeout(limitMs), poolMiB: 4096, layer });
      await guest.stop();
    });
    after(async () => guest[Symbol.asyncDispose]());

    /** What an order calls an original, and where it is read. */
    const nameOf = (name: string) => (layer === "file" ? `${poolPath}/${name}.img` : name);
    const pathOf = (name: string) => (layer === "file" ? nameOf(name) : `/dev/${labGroup}/${name}`);

    async function make(name: string, holding: Holding): Promise<void> {
      const size = `${originalMiB[layer]}M`;
      if (layer === "file") await run(`truncate -s ${size} ${pathOf(name)}`);
      else await runLvm(guest.machine, "lvcreate", `--thin ${labGroup}/${labThinPool} -V ${size} --name ${name}`);
      await run(`set -- ${pathOf(name)}; ${contents[holding]}`);
    }

    async function remove(name: string): Promise<void> {
      if (layer === "file") await run(`rm ${pathOf(name)}`);
      else await runLvm(guest.machine, "lvremove", `${labGroup}/${name}`);
    }

    /** Of where a mount writes first. */
    const digestOf = async (name: string) => run(`head --bytes=${16 * MiB} ${pathOf(name)} | sha256sum`);

    async function order(volume: string, original: string) {
      const { node, project } = guest.machine;
      const options = ["--cluster-id", guestCluster, "--state-dir", stateDir, "--pool", poolPath, ...poolFlags(layer)];
      const argv = [node, `${project}/dist/main.js`, "import", "default", volume, original, ...options];
      const { exitCode, stdout, stderr } = await guest.machine.exec(argv, { check: false });
      return { exitCode, said: `${stdout}${stderr}`.trim() };
    }

    const handleOf = (volume: string) => `nvmet/${volumeIdOf(guestCluster as ClusterId, volume)}`;

    /** A volume that no CreateVolume has made, as a PersistentVolume of a person's hand names it. */
    async function publish(name: string, type: FilesystemType = "ext4"): Promise<GuestVolume> {
      const volume = new GuestVolume(guest, name, type);
      await run(`mkdir -p ${volume.staging}`);
      await volume.publish();
      return volume;
    }

    async function whileServing(work: () => Promise<void>): Promise<void> {
      await guest.start();
      try {
        await work();
      } finally {
        await guest.stop();
      }
    }

    /** What a volume that no host has written takes of its pool. */
    async function assertUntouched(volume: GuestVolume): Promise<void> {
      const name = volume.id.replace("nvmet/", "");
      const taken =
        layer === "file"
          ? await run(`stat --format=%b ${volume.backing}`)
          : await runLvm(guest.machine, "lvs", `--noheadings -o data_percent ${labGroup}/${name}`);
      assert.equal(Number(taken), 0, "something was written");
    }

    it("is read and written through a node, and the original stays as it was", async () => {
      await make("old", "ext4");
      const before = await digestOf("old");
      assert.deepEqual(await order("database", nameOf("old")), {
        exitCode: 0,
        said: `${handleOf("database")} is a copy of ${nameOf("old")}: ext4, ${importedBytes} bytes`,
      });
      await whileServing(async () => {
        const volume = await publish("database");
        await volume.stage();
        await volume.nodePublish();
        assert.equal(await run(`${data} | cmp - ${volume.target}/old && echo same`), "same");
        await run(`echo new > ${volume.target}/new; sync ${volume.target}/new`);
        await volume.nodeUnpublish();
        await volume.unstage();
        assert.equal(await digestOf("old"), before);
        await remove("old");
        await volume.stage();
        assert.equal(await run(`${data} | cmp - ${volume.staging}/old && cat ${volume.staging}/new`), "new");
        await volume.destroy();
      });
    });

    it("is never formatted, not even where it holds nothing but zeros", async () => {
      await make("zeros", "zeros");
      assert.deepEqual(await order("blank", nameOf("zeros")), {
        exitCode: 0,
        said: `${handleOf("blank")} is a copy of ${nameOf("zeros")}: unknown, ${importedBytes} bytes`,
      });
      await whileServing(async () => {
        const volume = await publish("blank");
        const refused = { code: "FAILED_PRECONDITION", message: /the target has seen data on the volume/ };
        await assert.rejects(volume.stage(), refused);
        await assertUntouched(volume);
        await volume.destroy();
      });
      await remove("zeros");
    });

    for (const [holding, reason] of layer === "file" ? refusals : []) {
      it(`that holds ${holding} is refused, and nothing of it is left`, async () => {
        await make("foreign", holding);
        const { exitCode, said } = await order("other", nameOf("foreign"));
        assert.equal(exitCode, 1, said);
        assert.match(said, reason);
        assert.deepEqual(await census(guest.machine), []);
        await remove("foreign");
      });
    }

    if (layer === "lvm-thin") {
      it("that was made for sectors of 512 bytes is used where its disk has such sectors", async () => {
        await make("foreign", "an xfs for sectors of 512 bytes");
        const { exitCode, said } = await order("other", nameOf("foreign"));
        assert.deepEqual([exitCode, said.endsWith(`: xfs, ${importedBytes} bytes`)], [0, true], said);
        await whileServing(async () => {
          const volume = await publish("other", "xfs");
          await volume.stage();
          assert.equal(await run(`findmnt --noheadings --output=FSTYPE ${volume.staging}`), "xfs");
          await volume.destroy();
        });
        await remove("foreign");
      });

      it("that is no thin volume is refused, and nothing of it is left", async () => {
        const { exitCode, said } = await order("other", "state");
        assert.equal(exitCode, 1, said);
        assert.match(said, /it must be a volume in the thin pool lab-vg\/thin-pool, by its name alone/);
        assert.deepEqual(await census(guest.machine), []);
      });
    }

    it("has nothing left of all that", async () => {
      assert.deepEqual(await census(guest.machine), []);
    });
  });
}
