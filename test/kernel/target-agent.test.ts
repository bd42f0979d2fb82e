/**
 * What the target agent owes to the machine it runs on: only its own objects, one agent, verified backing files, no
 * open door.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { recordSchema } from "../../src/target-agent/volume-record.ts";
import { census } from "../support/census.ts";
import { guestCluster, startGuestDriver, stateDir, type GuestDriver } from "../support/guest-driver.ts";
import { poolPath } from "../support/guest-pool.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { comesBack, isUnreadable } from "./deletion/scenarios.ts";

const nvmet = "/sys/kernel/config/nvmet";
const foreignNqn = "nqn.2014-08.org.example:somebody-else";
const makeForeign = `
cd ${nvmet}
mkdir subsystems/${foreignNqn} ports/7 hosts/${foreignNqn}-host
echo -n foreign > subsystems/${foreignNqn}/attr_serial
cd ports/7; echo -n tcp > addr_trtype; echo -n ipv4 > addr_adrfam; echo -n 127.0.0.1 > addr_traddr; echo -n 4421 > addr_trsvcid
ln -s ${nvmet}/subsystems/${foreignNqn} subsystems/`;
const removeForeign = `
cd ${nvmet}
rm ports/7/subsystems/*
rmdir ports/7 subsystems/${foreignNqn} hosts/${foreignNqn}-host`;

describe("the target agent", () => {
  let guest: GuestDriver;

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(300_000), poolMiB: 8192, disks: [{ sizeMiB: 512 }] });
  });

  after(async () => guest[Symbol.asyncDispose]());

  const run = async (script: string) => (await guest.machine.sh(script)).stdout.trim();

  it("leaves objects of others in configfs alone, and reports them at its start", async () => {
    await run(makeForeign);
    await guest.restart();
    const volume = new GuestVolume(guest, "neighbour", "block");
    await volume.open();
    await volume.destroy();
    const { foreign } = JSON.parse(guest.log.findLast((line) => line.includes("exports restored")) ?? "{}") as {
      readonly foreign?: object;
    };
    assert.deepEqual(foreign, { subsystems: [foreignNqn], ports: ["7"], unexplained: [] });
    assert.equal(
      await run(`ls ${nvmet}/ports/7/subsystems; cat ${nvmet}/subsystems/${foreignNqn}/attr_serial`),
      `${foreignNqn}\nforeign`,
    );
    await run(removeForeign);
  });

  it("is alone on its machine, whatever pool and socket a second one is given", async () => {
    const { node, project } = guest.machine;
    const flags = "--cluster-id other --csi-endpoint unix:///run/second.sock --state-dir /run/second --pool /run";
    const second = await guest.machine.sh(`${node} ${project}/dist/main.js controller ${flags}`, { check: false });
    assert.equal(second.exitCode, 1);
    assert.match(second.stderr, /another target agent on this machine holds the lock/);
  });

  it("opens the data port again that an agent left closed when it died in the middle of a restore", async () => {
    await guest.kill();
    const chain =
      "chain input { type filter hook input priority -10; tcp dport 4420 tcp flags syn reject with tcp reset; }";
    await run(`nft 'table inet nvmetcp_csi { ${chain}; }; table inet theirs { }'`);
    await guest.start();
    assert.equal(await run("nft list tables"), "table inet theirs");
    await run("nft delete table inet theirs");
    const volume = new GuestVolume(guest, "reachable", "block");
    await volume.open();
    await volume.destroy();
  });

  it("never opens a subsystem to any host, and lets in exactly the host of the publication", async () => {
    const volume = new GuestVolume(guest, "closed-door", "block");
    await volume.create();
    await volume.publish();
    const subsystem = `${nvmet}/subsystems/${volume.nqn}`;
    assert.equal(await run(`cat ${subsystem}/attr_allow_any_host`), "0");
    assert.equal(await run(`ls ${subsystem}/allowed_hosts | wc -l`), "1");
    assert.equal(await run(`cat ${subsystem}/namespaces/1/device_uuid`), volume.uuid);
    const stranger = "nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-000000000000";
    const connect = `nvme connect -t tcp -a 127.0.0.1 -s 4420 -n ${volume.nqn} -q ${stranger}`;
    assert.notEqual((await guest.machine.sh(connect, { check: false })).exitCode, 0);
    assert.equal(await run("ls /sys/class/nvme"), "");
    await volume.unpublish();
    await volume.delete();
  });

  it("does not export a file that took the place of the volume's own", async () => {
    const volume = new GuestVolume(guest, "swapped", "block");
    await volume.create();
    await run(`mv ${volume.backing} /pool/kept; truncate --size=320M ${volume.backing}`);
    await assert.rejects(volume.publish(), {
      code: "FAILED_PRECONDITION",
      message: /must be the file made for volume/,
    });
    await run(`mv /pool/kept ${volume.backing}`);
    await volume.publish();
    await volume.unpublish();
    await volume.delete();
  });

  it("does not export a file that shrank or grew behind its back", async () => {
    const volume = new GuestVolume(guest, "resized", "block");
    await volume.create();
    for (const size of ["319M", "321M"]) {
      await run(`truncate --size=${size} ${volume.backing}`);
      await assert.rejects(volume.publish(), { code: "FAILED_PRECONDITION", message: /it must have 335544320 bytes/ });
    }
    await run(`truncate --size=320M ${volume.backing}`);
    await volume.delete();
  });

  it("refuses to start at other portals while volumes are exported at the old ones", async () => {
    const volume = new GuestVolume(guest, "moved", "block");
    await volume.create();
    await volume.publish();
    await guest.stop();
    await assert.rejects(
      guest.start("dist", ["--portals", "127.0.0.1:4430"]),
      /127\.0\.0\.1:4420; unpublish them first/,
    );
    await guest.start();
    await volume.unpublish();
    await guest.stop();
    await guest.start("dist", ["--portals", "127.0.0.1:4430"]);
    await volume.publish();
    assert.equal(volume.context["portals"], "127.0.0.1:4430");
    await volume.unpublish();
    await guest.restart();
    await volume.delete();
  });

  it("refuses to start where the pool that it served is not mounted, whatever is there instead", async () => {
    await guest.stop();
    await run(`umount ${poolPath}`);
    await assert.rejects(guest.start(), /must support reflink copies/);
    const [, emptyDisk = ""] = guest.machine.disks;
    await run(`mkfs.xfs -q -f ${emptyDisk}; mount ${emptyDisk} ${poolPath}`);
    await assert.rejects(guest.start(), /this host served pool .* is its file system mounted\?; got "no pool"/);
    assert.equal(await run(`ls ${poolPath}`), "");
    await run(`umount ${poolPath}; mount ${guest.machine.disks[0] ?? ""} ${poolPath}`);
    await guest.start();
  });

  it("refuses a record of a newer schema and names both versions", async () => {
    const volume = new GuestVolume(guest, "newer", "block");
    await volume.create();
    await guest.stop();
    const record = `${poolPath}/records/*.json`;
    const [known, newer] = [recordSchema, recordSchema + 1];
    await run(`sed -i 's/"schema": ${known}/"schema": ${newer}/' ${record}`);
    await assert.rejects(guest.start(), new RegExp(`reads schema ${known} and older; got ${newer}`));
    await run(`sed -i 's/"schema": ${newer}/"schema": ${known}/' ${record}`);
    await guest.start();
    await volume.delete();
  });

  it("undoes a creation and finishes a deletion that a crash interrupted", async () => {
    const volume = new GuestVolume(guest, "half-made", "block");
    for (const state of ["creating", "deleting"]) {
      await volume.create();
      await guest.kill();
      await run(`sed -i 's/"state": "ready"/"state": "${state}"/' ${poolPath}/records/*.json`);
      await guest.start();
      assert.equal(await run(`ls ${poolPath}/records ${poolPath}/volumes | grep v1- || true`), "");
    }
  });

  it("keeps the cluster's volumes apart from those of another cluster in the same pool", async () => {
    const volume = new GuestVolume(guest, "ours", "block");
    await volume.create();
    await guest.stop();
    await run(`sed -i 's/"cluster": "${guestCluster}"/"cluster": "another"/' ${poolPath}/records/*.json`);
    await guest.start();
    const { entries } = await guest.client.controller.ListVolumes({});
    assert.deepEqual(entries, []);
    await guest.stop();
    await run(`sed -i 's/"cluster": "another"/"cluster": "${guestCluster}"/' ${poolPath}/records/*.json`);
    await guest.start();
    await volume.delete();
  });

  it("keeps a deleted volume that can be had back", async () => comesBack(guest, "file"));

  it("shows nothing of a removed volume to a later one in its place", async () => {
    /** Blocks of the file system that a volume's file has. */
    await isUnreadable(guest, 320, async ({ backing }) => {
      const extents = await run(`sync ${backing}; filefrag -v -b4096 ${backing}`);
      const found = [...extents.matchAll(/^ *\d+: *\d+\.\. *\d+: *(\d+)\.\. *(\d+):/gm)];
      const blocks = found.map(([, first = "", last = ""]) => [Number(first), Number(last)] as const);
      return new Set(blocks.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, n) => first + n)));
    });
  });

  it("leaves nothing behind", async () => {
    assert.equal(await guest.stop(), 0);
    assert.deepEqual(await census(guest.machine), []);
    assert.equal(await run(`cd ${stateDir}/agent; find -type f`), "./pools/default.json");
  });
});
