/**
 * Volumes on two machines: one with the target and a node, the other with a node alone. A node that is put out writes
 * nothing any more, and the other one goes on without an error (V4, V42); readers share, and no writer comes beside them.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { poll, sleep } from "../../src/host/clock.ts";
import { untilAborted } from "../../src/lib/abort.ts";
import { layCable } from "../lab/cable.ts";
import type { Machine } from "../lab/machine.ts";
import { startLab } from "../lab/start-lab.ts";
import { BlockLedger } from "../support/block-ledger/block-ledger.ts";
import { census } from "../support/census.ts";
import { startGuestDriver, stateDir, type GuestDriver } from "../support/guest-driver.ts";
import { startGuestMode, type GuestMode } from "../support/guest-mode.ts";
import { GuestVolume, type ClassOptions } from "../support/guest-volume.ts";
import { itInLongRounds } from "../support/long-round.ts";
import { buildMutant } from "../support/mutant.ts";
import { nodeIdOf } from "../support/node-ids.ts";
import { queueWrite, textAt } from "../support/queued-write.ts";

const limit = () => AbortSignal.timeout(60_000);
/** As in fence.test.ts: time for two attempts to reconnect. */
const observeMs = 5000;
const MiB = 1024 * 1024;
/** Where B writes: A's ledger is before. */
const region = { from: 16 * MiB, size: 16 * MiB };
const staleBlock = 10_000;
const writers = { mode: "MULTI_NODE_MULTI_WRITER", parameters: { multiWriter: "block" } } as const;
const readers = { mode: "MULTI_NODE_READER_ONLY" } as const;
/** B cannot come back: it keeps its queue, and tries. */
const cutB = `
nft 'table inet cut { chain input { type filter hook input priority -20; ip saddr 192.0.2.2 tcp dport 4420 tcp flags syn reject with tcp reset; }; }'`;
const mendB = "nft delete table inet cut";

describe("a volume on two nodes", { timeout: 600_000 }, () => {
  const stack = new AsyncDisposableStack();
  let guest: GuestDriver;
  let machineB: Machine;
  let modeB: GuestMode;

  before(async () => {
    const signal = AbortSignal.timeout(300_000);
    const cable = stack.use(await layCable());
    const flags = ["--portals", `${cable.first.address}:4420`];
    guest = stack.use(await startGuestDriver({ signal, poolMiB: 4096, memoryMiB: 1280, flags, cable: cable.first }));
    machineB = stack.use(await startLab({ memoryMiB: 768, cable: cable.second, signal }));
    await machineB.exec(["mkdir", "-p", "/run/nvmetcp-csi"]);
    modeB = await startGuestMode(machineB, "node");
  });

  after(async () => stack.disposeAsync());

  /** The same volume as each node's kubelet handles it. */
  function onBoth(name: string, use: "block" | "ext4", options: ClassOptions) {
    const { controller } = guest.client;
    const a = new GuestVolume(guest, name, use, options);
    const b = new GuestVolume(
      { machine: machineB, client: { controller, node: modeB.client.node } },
      name,
      use,
      options,
    );
    return { a, b };
  }

  async function idOf(client: GuestMode["client"]): Promise<string> {
    return (await client.node.NodeGetInfo({})).node_id;
  }

  /** Whether B's region of the backing file differs from the same region of another file, or from zeros. */
  async function differs(backing: string, other: string): Promise<boolean> {
    const skip = `--ignore-initial=${region.from}:${other === "/dev/zero" ? 0 : region.from}`;
    const argv = ["cmp", "--silent", `--bytes=${region.size}`, skip, backing, other];
    return (await guest.machine.exec(argv, { check: false })).exitCode !== 0;
  }

  /** Direct random writes without end, several in flight. */
  async function loadOn(machine: Machine, device: string) {
    const shape = ["--rw=randwrite", "--bs=4k", "--iodepth=8", "--ioengine=libaio", "--direct=1"];
    const place = [`--filename=${device}`, `--offset=${region.from}`, `--size=${region.size}`];
    return await machine.spawn(["fio", "--name=load", ...place, ...shape, "--time_based", "--runtime=600"]);
  }

  /** Both write, B is put out under load; tells whether anything of B has landed afterwards. A's writer must go on. */
  async function writesAfterUnpublish(name: string): Promise<boolean> {
    const { a, b } = onBoth(name, "block", writers);
    await a.open();
    await b.open();
    const ledger = await BlockLedger.open(guest.machine, { path: await a.device(), volume: a.id });
    const load = await loadOn(machineB, await b.device());
    await poll(async () => ((await differs(a.backing, "/dev/zero")) ? true : undefined), limit());
    await ledger.advance(20, limit());
    await b.unpublish();
    await guest.machine.exec(["cp", "--reflink=always", a.backing, "/pool/fenced"]);
    await sleep(observeMs, limit());
    const changed = await differs(a.backing, "/pool/fenced");
    await ledger.advance(20, limit());
    await load.kill("SIGKILL");
    await b.unstage();
    await load.exited;
    await ledger.close();
    await guest.machine.sh("rm /pool/fenced; echo 3 > /proc/sys/vm/drop_caches");
    await ledger.judge(await a.device(), { least: ledger.promised, most: ledger.promised + 1 });
    await a.destroy();
    return changed;
  }

  it("lets nothing of a node land after its unpublish, and the other writer sees no error", async () => {
    assert.equal(await writesAfterUnpublish("written-by-two"), false);
  });

  it("keeps a queued write of a node away also when the volume is published to it again", async () => {
    const { a, b } = onBoth("queued", "block", writers);
    await a.open();
    await b.open();
    const ledger = await BlockLedger.open(guest.machine, { path: await a.device(), volume: a.id });
    const device = await b.device();
    await guest.machine.sh(cutB);
    await b.unpublish();
    const stale = await queueWrite(machineB, { device, block: staleBlock, text: "stale" }, limit());
    await b.publish();
    await guest.machine.sh(mendB);
    const { exitCode } = await untilAborted(stale.exited, limit());
    assert.notEqual(exitCode, 0, "the writer is told that its write failed");
    await b.stage();
    const fresh = { device: await b.device(), block: staleBlock + 1 };
    await machineB.sh(`echo fresh | dd of=${fresh.device} bs=4096 seek=${fresh.block} conv=sync,notrunc oflag=direct`);
    const textOf = async (block: number) => textAt(guest.machine, { path: a.backing, block, length: 5 });
    assert.equal(await textOf(staleBlock), "");
    assert.equal(await textOf(fresh.block), "fresh");
    await ledger.advance(5, limit());
    await ledger.close();
    await b.unstage();
    await b.unpublish();
    await a.destroy();
  });

  it("is read by both, and refused to a writer, which is told of both", async () => {
    const writer = new GuestVolume(guest, "read-by-two", "ext4");
    await writer.open();
    const run = async (machine: Machine, script: string) => (await machine.sh(script)).stdout.trim();
    const written = await run(
      guest.machine,
      `head -c 4M /dev/urandom > ${writer.staging}/f; sha256sum < ${writer.staging}/f`,
    );
    await writer.unstage();
    await writer.unpublish();
    const { a, b } = onBoth("read-by-two", "ext4", readers);
    for (const volume of [a, b]) {
      await volume.open();
      await volume.nodePublish();
    }
    for (const [volume, machine] of [
      [a, guest.machine],
      [b, machineB],
    ] as const) {
      assert.equal(await run(machine, `sha256sum < ${volume.target}/f`), written);
      await assert.rejects(run(machine, `touch ${volume.target}/f`), /Read-only file system/);
      const write = `dd if=/dev/zero of=${await volume.device()} bs=4k count=1 status=none`;
      await assert.rejects(run(machine, write), /Operation not permitted|Read-only/);
    }
    const [idA, idB] = [await idOf(guest.client), await idOf(modeB.client)];
    const request = {
      ...{ volume_id: a.id, node_id: nodeIdOf("a third node") },
      volume_capability: { mount: { fs_type: "ext4" }, access_mode: { mode: "SINGLE_NODE_WRITER" } },
    } as const;
    await assert.rejects(guest.client.controller.ControllerPublishVolume(request), (error: Error) => {
      return (
        error.message.includes(idA) &&
        error.message.includes(idB) &&
        /FAILED_PRECONDITION|published/.test(error.message)
      );
    });
    await b.nodeUnpublish();
    await b.unstage();
    await b.unpublish();
    const again = `echo 3 > /proc/sys/vm/drop_caches; sha256sum < ${a.target}/f`;
    assert.equal(await run(guest.machine, again), written, "the other one reads on");
    await a.destroy();
  });

  itInLongRounds("would be written by a node that was put out if its controllers were not ended (V4)", async () => {
    const mutant = await buildMutant({
      ...{ name: "rights-only", file: "src/target-agent/host-fence.ts" },
      ...{ replace: "await this.#configfs.endControllers(nqn);", by: "" },
    });
    await guest.stop();
    await guest.start(mutant);
    assert.equal(await writesAfterUnpublish("written-late"), true);
    await guest.stop();
    await guest.start();
  });

  it("leaves nothing behind but the marks of the node that runs apart", async () => {
    assert.equal(await modeB.stop(), 0);
    assert.equal(await guest.stop(), 0);
    assert.deepEqual(await census(guest.machine), []);
    const isMark = (what: string) => what.startsWith(`file: ${stateDir}/node/formatted/`);
    assert.deepEqual(
      (await census(machineB)).filter((what) => !isMark(what)),
      [],
    );
  });
});
