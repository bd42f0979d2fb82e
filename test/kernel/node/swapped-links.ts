/**
 * Directories that are moved away, with a link to somebody else's in their place, at the very moment in which mount or
 * umount starts: nothing is mounted there, and nothing of it is unmounted (F66).
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GuestDriver } from "../../support/guest-driver.ts";
import { GuestVolume } from "../../support/guest-volume.ts";
import { itInLongRounds } from "../../support/long-round.ts";
import { buildMutant } from "../../support/mutant.ts";

const victim = "/run/victim";
/** Mounts by the names of mount points instead of the directories that are held. */
const byName = {
  name: "mounts-by-name",
  file: "src/filesystem/mounter.ts",
  replace: "at: join(directory.at, last)",
  by: "at: join(directory.real, last)",
};

export function swappedLinkTests(opened: () => GuestDriver): void {
  describe("a link that takes the place of a directory", () => {
    const run = async (script: string) => (await opened().machine.sh(script)).stdout.trim();
    let count = 0;

    /** The next `mount` or `umount` of the driver finds a link to the victim in the place of `directory`. */
    async function swapAt(program: "mount" | "umount", directory: string): Promise<void> {
      const wrapper = `/usr/local/sbin/${program}`;
      const real = await run(`PATH=/usr/bin:/bin command -v ${program}`);
      await run(`cat > ${wrapper} <<'end'
#!/bin/sh
rm ${wrapper}; mv ${directory} ${directory}.moved; ln -s ${victim} ${directory}
exec ${real} "$@"
end
        chmod +x ${wrapper}`);
    }

    async function swapBack(directory: string): Promise<void> {
      await run(`[ ! -L ${directory} ] || { rm ${directory}; mv ${directory}.moved ${directory}; }`);
    }

    /** What somebody else has under the names that the driver works with. */
    async function makeVictim(): Promise<void> {
      await run(`mkdir -p ${victim}/target ${victim}/staging; mount -t tmpfs theirs ${victim}/staging; echo theirs > ${victim}/staging/file
        echo theirs > ${victim}/target/file`);
    }

    /** Files and mounts of the victim. */
    async function victimState(): Promise<string> {
      return await run(`cat ${victim}/target/file ${victim}/staging/file || true
        findmnt --noheadings --raw --output TARGET,FSTYPE | grep ^${victim} || true`);
    }

    async function clear(): Promise<void> {
      await run(
        `while umount -q ${victim}/target; do :; done; while umount -q ${victim}/staging; do :; done; rm -r ${victim}`,
      );
    }

    /** What became of the victim while a volume was published and staged through swapped directories. */
    async function attack(
      use: "ext4" | "block",
    ): Promise<{ readonly before: string; readonly after: readonly string[] }> {
      count += 1;
      const volume = new GuestVolume(opened(), `swapped-${count}`, use);
      const pod = volume.target.slice(0, volume.target.lastIndexOf("/"));
      const home = volume.staging.slice(0, volume.staging.lastIndexOf("/"));
      const after: string[] = [];
      const attempt = async (program: "mount" | "umount", directory: string, call: () => Promise<void>) => {
        await swapAt(program, directory);
        await call().catch((error: unknown) => String(error));
        after.push(await victimState());
        await swapBack(directory);
        await run(`rm -f /usr/local/sbin/${program}`);
      };
      await volume.create();
      await volume.publish();
      await makeVictim();
      const before = await victimState();
      if (use === "ext4") await attempt("mount", home, async () => volume.stage());
      await volume.stage();
      await run(`mkdir ${pod}`);
      await attempt("mount", pod, async () => volume.nodePublish());
      await volume.nodePublish();
      await attempt("umount", pod, async () => volume.nodeUnpublish());
      await volume.nodeUnpublish();
      if (use === "ext4") await attempt("umount", home, async () => volume.unstage());
      await clear();
      await volume.destroy();
      return { before, after };
    }

    for (const use of ["ext4", "block"] as const) {
      it(`leads nowhere: a volume used as ${use}`, async () => {
        const { before, after } = await attack(use);
        assert.match(before, /^theirs\ntheirs\n/);
        for (const state of after) assert.equal(state, before);
      });
    }

    itInLongRounds(
      "would lead to mounts in the place of somebody else's, and away from them: the test of the test",
      async () => {
        await opened().stop();
        await opened().start(await buildMutant(byName));
        const { before, after } = await attack("ext4");
        assert.equal(after.filter((state) => state !== before).length > 0, true, after.join("\n--\n"));
        await opened().stop();
        await opened().start();
      },
    );
  });
}
