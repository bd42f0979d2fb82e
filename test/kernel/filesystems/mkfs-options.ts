/**
 * The ends of what a StorageClass may ask of mkfs, and space that deleted files give back to the target. A long round plays
 * all of them, any other one: the words of each option are checked by unit tests.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { poll } from "../../../src/host/clock.ts";
import type { FilesystemType } from "../../../src/domain/model.ts";
import type { GuestDriver } from "../../support/guest-driver.ts";
import { GuestVolume } from "../../support/guest-volume.ts";
import { isLongRound } from "../../support/long-round.ts";

interface Choice {
  readonly type: FilesystemType;
  readonly parameters: Readonly<Record<string, string>>;
  /** What a program that only reads says of the device `$1`, and what it must say. */
  readonly show: string;
  readonly expected: RegExp;
}

const dumpSuper = "btrfs inspect-internal dump-super $1";
const choices: readonly Choice[] = [
  {
    type: "ext4",
    parameters: { "ext4.bytesPerInode": "8192", "ext4.reservedPercent": "50" },
    show: "dumpe2fs -h $1 2> /dev/null",
    expected: /Inode count: +409\d\d\n.*Block count: +81920\nReserved block count: +40960\n/s,
  },
  {
    type: "ext4",
    parameters: { "ext4.bytesPerInode": "4194304" },
    show: "dumpe2fs -h $1 2> /dev/null",
    expected: /Inode count: +(80|96|1\d\d)\n/,
  },
  {
    type: "xfs",
    parameters: { "xfs.maxInodePercent": "1" },
    show: `xfs_db -r -c "sb 0" -c "print imax_pct" $1`,
    expected: /imax_pct = 1$/,
  },
  {
    type: "xfs",
    parameters: { "xfs.maxInodePercent": "100" },
    show: `xfs_db -r -c "sb 0" -c "print imax_pct" $1`,
    expected: /imax_pct = 100$/,
  },
  {
    type: "btrfs",
    parameters: { "btrfs.checksum": "blake2", "btrfs.nodeSize": "65536" },
    show: dumpSuper,
    expected: /csum_type\s+3 \(blake2.*nodesize\s+65536/s,
  },
  {
    type: "btrfs",
    parameters: { "btrfs.checksum": "sha256", "btrfs.metadataProfile": "single" },
    show: dumpSuper,
    expected: /csum_type\s+2 \(sha256\)/,
  },
  {
    type: "btrfs",
    parameters: { "btrfs.checksum": "xxhash", "btrfs.nodeSize": "32768" },
    show: dumpSuper,
    expected: /csum_type\s+1 \(xxhash64\).*nodesize\s+32768/s,
  },
];

const played = isLongRound ? choices : choices.slice(0, 1);
const writtenMiB = 48;

export function mkfsOptionTests(opened: () => GuestDriver): void {
  describe("a class that asks for something of mkfs", () => {
    const run = async (script: string) => (await opened().machine.sh(script)).stdout.trim();

    for (const [index, { type, parameters, show, expected }] of played.entries()) {
      const asked = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
      it(`gets it: ${asked.join(", ")}`, async (t) => {
        const volume = new GuestVolume(opened(), `options-${index}`, type, { parameters, mountOptions: ["discard"] });
        await volume.open();
        const device = await volume.device();
        assert.match(await run(`set -- ${device}; ${show}`), expected);
        await assertGivesBack(volume, t.signal);
        await run(`echo kept > ${volume.staging}/file`);
        await volume.unstage();
        await volume.stage();
        assert.equal(await run(`cat ${volume.staging}/file`), "kept");
        await volume.destroy();
      });
    }

    /** The file behind the volume becomes smaller again. */
    async function assertGivesBack({ staging, backing }: GuestVolume, signal: AbortSignal): Promise<void> {
      const allocated = async () => Number(await run(`sync ${backing}; stat --format=%b ${backing}`)) / 2048;
      await run(`dd if=/dev/urandom of=${staging}/large bs=1M count=${writtenMiB} status=none; sync -f ${staging}`);
      const before = await allocated();
      await run(`rm ${staging}/large`);
      const isGiven = async () => {
        await run(`sync -f ${staging}`);
        return before - (await allocated()) > writtenMiB / 2 ? true : undefined;
      };
      await poll(isGiven, signal);
    }
  });
}
