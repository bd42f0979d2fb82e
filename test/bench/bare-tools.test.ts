import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { nodeIdOf } from "../support/node-ids.ts";
import { BareVolume, timed, type Shell, type ToStage } from "./bare-tools.ts";

const run = promisify(execFile);
const bash = async (...args: readonly string[]) => run("bash", [...args]);

/** This machine's own shell. */
const machine: Shell = {
  sh: async (script) => ({ ...(await bash("-euo", "pipefail", "-c", script)), exitCode: 0 }),
};

const volume: ToStage = {
  id: `nvmet/v1-${"0".repeat(32)}`,
  nqn: "nqn.2026-11.dev.nvmetcp.csi:2a97516c:v1-0",
  uuid: "80e5cfaa-e4a5-5c75-b8b0-960340a34cfc",
  backing: "/pool/volumes/a.img",
  staging: "/run/staging",
  target: "/run/target",
  context: { epoch: "7" },
};
const bare = new BareVolume(volume, nodeIdOf("node-1"));

describe("the clock of the bare tools", () => {
  it("tells the milliseconds of each part, and nothing of what it prints", async () => {
    const [first = 0, second = 0] = await timed(machine, "echo words; pause", "for i in 1 2 3 4; do pause; done");
    assert.ok(first > 0, String(first));
    assert.ok(second > 0, String(second));
  });

  it("lets a part use what an earlier one has found", async () => {
    await timed(machine, "head=/dev/nvme0n1", '[ "$head" = /dev/nvme0n1 ]');
  });

  it("fails with the first tool that fails", async () => {
    await assert.rejects(timed(machine, "false; pause"));
  });
});

describe("the bare tools", () => {
  it("are scripts that a shell can read", async () => {
    const steps = [bare.firstStage, bare.restage, bare.unstage, bare.publish, bare.unpublish];
    for (const step of [...steps, bare.copyTo("/pool/bench", "copy"), bare.growTo(2 ** 29)]) {
      await bash("-n", "-c", bare.script(step));
    }
  });

  it("do the driver's work in its order, with its options", () => {
    const [connect = "", look = "", make = "", mount = ""] = bare.firstStage.split("\n");
    assert.match(connect, /^'nvme' 'connect' .*'--ctrl-loss-tmo' '-1'.*until head_of nqn/);
    assert.match(look, /^blkid -p .*"\$head"/);
    assert.match(make, /^'mkfs.ext4' .*metadata_csum' "\$head"$/);
    assert.match(mount, /^mount -t ext4 -o errors=remount-ro,rw .*\/run\/staging$/);
    assert.match(bare.restage, /\ne2fsck -p "\$head"\nmount /);
  });
});
