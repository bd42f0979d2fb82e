/**
 * Damaged file systems: what can be mended without a question is mended and mounted, anything else is refused with the
 * report of a check, and the device is left as it was found. A long round plays each damage, any other the first of a kind.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { stateDir, type GuestDriver } from "../../support/guest-driver.ts";
import { poolPath } from "../../support/guest-pool.ts";
import { isLongRound } from "../../support/long-round.ts";
import { GuestVolume } from "../../support/guest-volume.ts";

const copy = `${poolPath}/copy`;
const tried = `${poolPath}/tried`;

/** Scripts that damage the file system in `$1`, which holds a file `kept`, a file `lost` and a file `other`. */
const mendable = {
  "an ext4 whose counts are wrong": `debugfs -w -R "set_super_value free_blocks_count 7" $1
    debugfs -w -R "set_super_value free_inodes_count 3" $1; debugfs -w -R "set_super_value state 2" $1`,
  "an ext4 with an entry of a file that is gone": `debugfs -w -R "clri lost" $1
    debugfs -w -R "set_super_value state 2" $1`,
};
/** The first half of each is mendable, so that a check changes something before it gives up. */
const hopeless = {
  "an ext4 with an inode of no known kind": `debugfs -w -R "clri lost" $1
    debugfs -w -R "set_inode_field other mode 0x9999" $1; debugfs -w -R "set_super_value state 2" $1`,
  "an ext4 whose first group is overwritten": `dd if=/dev/urandom of=$1 bs=4096 seek=2 count=400 conv=notrunc status=none`,
};
const checked = {
  xfs: {
    damage: "dd if=/dev/urandom of=$1 bs=4096 seek=1 count=400 conv=notrunc status=none",
    report: /bad magic|bad agf|root inode|would/i,
  },
  btrfs: {
    damage: "dd if=/dev/urandom of=$1 bs=4096 seek=256 count=40000 conv=notrunc status=none",
    report: /ERROR|cannot open/,
  },
} as const;

function played(scripts: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(scripts).slice(0, isLongRound ? undefined : 1);
}

export function corruptionTests(opened: () => GuestDriver): void {
  describe("a damaged file system", () => {
    let volume: GuestVolume;
    let count = 0;
    const run = async (script: string) =>
      (await opened().machine.exec(["bash", "-euo", "pipefail", "-c", script, "-", volume.backing])).stdout.trim();

    after(async () => {
      await run(`rm -f ${copy} ${tried}`);
      assert.equal(await run(`ls ${stateDir}/node/undo`), "");
    });

    /** A volume that was used and is damaged now, published once more. */
    async function damaged(type: "ext4" | "xfs" | "btrfs", script: string): Promise<void> {
      count += 1;
      volume = new GuestVolume(opened(), `damaged-${count}`, type);
      await volume.open();
      await run(`cd ${volume.staging}; for name in kept lost other; do echo $name > $name; done`);
      await volume.unstage();
      await volume.unpublish();
      await run(
        `{ ${script}; } 2> /dev/null; sync -f $1; cp --reflink=always $1 ${copy}; cp --reflink=always $1 ${tried}`,
      );
      await volume.publish();
    }

    /** The volume does not mount, and says why; its bytes stay, but for those that may change. */
    async function assertRefused(report: RegExp, mayChange = (_offset: number) => false): Promise<void> {
      await assert.rejects(volume.stage(), ({ code, message }: { code: string; message: string }) => {
        assert.equal(code, "FAILED_PRECONDITION");
        assert.match(message, /needs a repair by a person/);
        assert.match(message, report);
        return true;
      });
      // Of a block with many changes the first is enough, but for the first one.
      const changes = await run(`sync -f $1; { cmp --verbose $1 ${copy} || true; } |
        awk '{ at = $1 - 1; block = int(at / 4096) } at < 4096 || block != last { print at; last = block }'`);
      const wrong = changes.split("\n").filter((offset) => offset !== "" && !mayChange(Number(offset)));
      assert.deepEqual(wrong, []);
      await volume.destroy();
    }

    for (const [name, script] of played(mendable)) {
      it(`is mended and mounted, when it is ${name}`, async () => {
        await damaged("ext4", script);
        await volume.stage();
        assert.match(opened().log.findLast((line) => line.includes("NodeStageVolume")) ?? "", /repaired and mounted/);
        assert.equal(await run(`cat ${volume.staging}/kept`), "kept");
        await volume.unstage();
        await run(`sync -f $1; e2fsck -f -n $1`);
        await volume.destroy();
      });
    }

    for (const [name, script] of played(hopeless)) {
      it(`is refused and left as it was, when it is ${name}`, async () => {
        await damaged("ext4", script);
        // The test of the test: e2fsck alone gives up on it too, and leaves it changed.
        assert.equal(await run(`e2fsck -p $1 > /dev/null || echo $?`.replace("$1", tried)), "4");
        assert.equal(await run(`cmp --quiet ${tried} ${copy} || echo changed`), "changed");
        await assertRefused(/UNEXPECTED INCONSISTENCY/);
      });
    }

    it("is refused and left as it was, when it is a btrfs without its trees", async () => {
      const { damage, report } = checked.btrfs;
      await damaged("btrfs", damage);
      await assertRefused(report);
    });

    it("is refused and left as it was but for its log, when it is an xfs without its first inodes", async () => {
      const { damage, report } = checked.xfs;
      await damaged("xfs", damage);
      const [from, to] = await logOf();
      const isLogPosition = (offset: number) => (offset >= 224 && offset < 228) || (offset >= 240 && offset < 248);
      await assertRefused(report, (offset) => (offset >= from && offset < to) || isLogPosition(offset));
    });

    /**
     * The log of an xfs: first byte, and the one behind. Before it looks at anything else the kernel makes room there, and
     * notes in the superblock how far it is, with a new checksum.
     */
    async function logOf(): Promise<[number, number]> {
      const ask = async (...questions: string[]) =>
        run(`xfs_db -r ${questions.map((question) => `-c "${question}"`).join(" ")} ${copy}`);
      const sizes = await ask("sb 0", "print logstart logblocks");
      const { start = "", blocks = "" } =
        /logstart = (?<start>\d+)\nlogblocks = (?<blocks>\d+)/.exec(sizes)?.groups ?? {};
      const [, from = ""] = /\((\d+)\)/.exec(await ask(`convert fsblock ${start} byte`)) ?? [];
      return [Number(from), Number(from) + Number(blocks) * 4096];
    }
  });
}
