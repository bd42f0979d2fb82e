/** `controller` and `node` as two processes with two sockets: a volume's life across both, on a real kernel. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { poll } from "../../src/host/clock.ts";
import type { Spawned } from "../lab/machine.ts";
import { census } from "../support/census.ts";
import { openCsiClient, type CsiClient } from "../support/csi-client.ts";
import { guestCluster, poolPath, startGuestDriver, stateDir, type GuestDriver } from "../support/guest-driver.ts";
import { GuestVolume } from "../support/guest-volume.ts";

describe("controller and node as two processes", () => {
  let guest: GuestDriver;
  const processes: Spawned[] = [];
  const clients: CsiClient[] = [];

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(300_000), poolMiB: 8192 });
    await guest.stop();
  });

  after(async () => {
    for (const client of clients) client.close();
    await guest[Symbol.asyncDispose]();
  });

  async function start(mode: string): Promise<CsiClient> {
    const { node, project } = guest.machine;
    const socket = `/run/nvmetcp-csi/${mode}.sock`;
    const places = ["--csi-endpoint", `unix://${socket}`, "--pool", poolPath, "--state-dir", stateDir];
    const argv = [node, `${project}/dist/main.js`, mode, "--cluster-id", guestCluster, ...places];
    processes.push(await guest.machine.spawn(argv));
    const client = openCsiClient(await guest.machine.forward(socket));
    clients.push(client);
    const answer = async () => client.identity.Probe({}, { deadlineMs: 5000 }).catch(() => undefined);
    await poll(answer, AbortSignal.timeout(60_000));
    return client;
  }

  it("serve one volume together", async () => {
    const { controller } = await start("controller");
    const { node } = await start("node");
    await assert.rejects(controller.ListVolumes({ max_entries: -1 }), { code: "INVALID_ARGUMENT" });
    const volume = new GuestVolume({ machine: guest.machine, client: { controller, node } }, "apart", "ext4");
    await volume.open();
    await volume.nodePublish();
    const { stdout } = await guest.machine.sh(`echo both > ${volume.target}/file; cat ${volume.staging}/file`);
    assert.equal(stdout, "both\n");
    await volume.destroy();
    await volume.destroy();
  });

  // A node that runs apart from the controller does not hear that the publication has ended: the mark waits for the next
  // stage of the volume.
  it("end with status 0 and leave nothing behind but the mark that this node formatted the volume", async () => {
    for (const process of processes) {
      await process.kill("SIGTERM");
      assert.equal((await process.exited).exitCode, 0);
    }
    const [volume = ""] = new GuestVolume(guest, "apart", "ext4").id.split("/").slice(1);
    assert.deepEqual(await census(guest.machine), [`file: ${stateDir}/node/formatted/${volume}.json`]);
  });
});
