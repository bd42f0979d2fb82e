/** `controller` and `node` as two processes with two sockets: a volume's life across both, on a real kernel. */
import assert from "node:assert/strict";
import { basename } from "node:path";
import { after, before, describe, it } from "node:test";
import { filesystemTypes } from "../../src/domain/model.ts";
import { census } from "../support/census.ts";
import { startGuestDriver, stateDir, type GuestDriver } from "../support/guest-driver.ts";
import { startGuestMode, type GuestMode } from "../support/guest-mode.ts";
import { GuestVolume } from "../support/guest-volume.ts";
import { programsStartedBy } from "../support/program-starts.ts";

describe("controller and node as two processes", () => {
  let guest: GuestDriver;
  let controllerMode: GuestMode;
  let nodeMode: GuestMode;
  const host = () => {
    const [{ controller }, { node }] = [controllerMode.client, nodeMode.client];
    return { machine: guest.machine, client: { controller, node } };
  };

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(300_000), poolMiB: 8192 });
    await guest.stop();
    controllerMode = await startGuestMode(guest.machine, "controller");
    nodeMode = await startGuestMode(guest.machine, "node");
  });

  after(async () => guest[Symbol.asyncDispose]());

  it("serve one volume together", async () => {
    await assert.rejects(controllerMode.client.controller.ListVolumes({ max_entries: -1 }), {
      code: "INVALID_ARGUMENT",
    });
    const volume = new GuestVolume(host(), "apart", "ext4");
    await volume.open();
    await volume.nodePublish();
    const { stdout } = await guest.machine.sh(`echo both > ${volume.target}/file; cat ${volume.staging}/file`);
    assert.equal(stdout, "both\n");
    await volume.destroy();
    await volume.destroy();
  });

  // The child for direct I/O is up since the test before.
  const most = { first: 5, again: 4, unstage: 1, publish: 2, unpublish: 1, stats: 0 };
  for (const use of [...filesystemTypes, "block"] as const) {
    it(`start few programs on the node for a volume: ${use}`, async (t) => {
      const volume = new GuestVolume(host(), `few-${use}`, use);
      await volume.create();
      await volume.publish();
      const stats = async () => {
        await nodeMode.client.node.NodeGetVolumeStats({ volume_id: volume.id, volume_path: volume.target });
      };
      const steps: readonly (readonly [keyof typeof most, () => Promise<void>])[] = [
        ["first", async () => volume.stage()],
        ["publish", async () => volume.nodePublish({ readOnly: use !== "block" })],
        ["stats", stats],
        ["unpublish", async () => volume.nodeUnpublish()],
        ["unstage", async () => volume.unstage()],
        ["again", async () => volume.stage()],
      ];
      for (const [step, work] of steps) {
        const programs = await programsStartedBy(guest.machine, nodeMode.pid, work);
        t.diagnostic(`${use} ${step}: ${programs.map((file) => basename(file)).join(", ")}`);
        assert.ok(programs.length <= most[step], `${step}: ${programs.join(", ")}`);
        assert.ok(!programs.some((file) => basename(file) === "node"), `${step}: ${programs.join(", ")}`);
        if (step === "first")
          assert.ok(
            programs.some((file) => basename(file) === "dd"),
            "they are counted",
          );
      }
      await volume.destroy();
    });
  }

  // A node that runs apart from the controller does not hear that the publication has ended: the mark waits for the next
  // stage of the volume.
  it("end with status 0 and leave nothing behind but the marks that this node formatted the volumes", async () => {
    for (const mode of [nodeMode, controllerMode]) assert.equal(await mode.stop(), 0);
    const left = ["apart", ...[...filesystemTypes, "block"].map((use) => `few-${use}`)].map((name) => {
      const [volume = ""] = new GuestVolume(guest, name, "ext4").id.split("/").slice(1);
      return `file: ${stateDir}/node/formatted/${volume}.json`;
    });
    assert.deepEqual((await census(guest.machine)).toSorted(), left.toSorted());
  });
});
