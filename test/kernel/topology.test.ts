/**
 * Two pools at different places behind one driver process, through its socket: a volume is made where it can be reached from,
 * says where that is, and works there.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { volumeIdOf, type ClusterId } from "../../src/domain/identity.ts";
import type { Segments } from "../../src/domain/topology.ts";
import { census } from "../support/census.ts";
import { guestCluster, startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { labGroup, labThinPool, poolPath, runLvm } from "../support/guest-pool.ts";
import { GuestVolume } from "../support/guest-volume.ts";

const limitMs = 10 * 60 * 1000;
const MiB = 1024 * 1024;
const zone = "topology.kubernetes.io/zone";
/** The node is in zone a, and in a rack that no pool knows. */
const [here, a, b, c] = [{ [zone]: "a", rack: "7" }, { [zone]: "a" }, { [zone]: "b" }, { [zone]: "c" }];
const flags = [
  "--pools",
  JSON.stringify({
    default: { layer: "file", path: poolPath, topology: a },
    fast: { layer: "lvm-thin", volumeGroup: labGroup, thinPool: labThinPool, topology: b },
  }),
  "--topology",
  Object.entries(here)
    .map((segment) => segment.join("="))
    .join(","),
];
const volume_capabilities = [{ access_mode: { mode: "SINGLE_NODE_WRITER" }, mount: { fs_type: "ext4" } } as const];
const inOrder = (places: readonly Segments[]) => places.map((segments) => ({ segments: { ...segments } }));

describe("two pools at different places", { timeout: limitMs }, () => {
  let guest: GuestDriver;

  before(async () => {
    guest = await startGuestDriver({
      signal: AbortSignal.timeout(limitMs),
      poolMiB: 4096,
      disks: [{ sizeMiB: 2048 }],
    });
    await guest.stop();
    const [, disk = ""] = guest.machine.disks;
    await runLvm(guest.machine, "pvcreate", disk);
    await runLvm(guest.machine, "vgcreate", `${labGroup} ${disk}`);
    const shape = `--type thin-pool --extents 60%FREE --name ${labThinPool}`;
    await runLvm(guest.machine, "lvcreate", `${shape} ${labGroup}`);
    await guest.start("dist", flags);
  });
  after(async () => guest[Symbol.asyncDispose]());

  /** As Kubernetes asks: what must be one of several places, and which of them it would like best. */
  async function create(name: string, places: readonly Segments[], parameters: Record<string, string> = {}) {
    const { volume } = await guest.client.controller.CreateVolume({
      name,
      capacity_range: { required_bytes: String(320 * MiB) },
      volume_capabilities,
      parameters,
      accessibility_requirements: { requisite: inOrder(places.toReversed()), preferred: inOrder(places) },
    });
    return volume?.accessible_topology.map(({ segments }) => segments);
  }
  const remove = async (name: string) =>
    guest.client.controller.DeleteVolume({ volume_id: `nvmet/${volumeIdOf(guestCluster as ClusterId, name)}` });
  const roomFrom = async (segments: Segments) => {
    const [accessible_topology] = inOrder([segments]);
    const { available_capacity } = await guest.client.controller.GetCapacity({
      volume_capabilities,
      ...(accessible_topology && { accessible_topology }),
    });
    return Number(available_capacity) / MiB;
  };
  const inGroup = async () => runLvm(guest.machine, "lvs", `--noheadings -o lv_name ${labGroup}`);
  const asFiles = async () => (await guest.machine.exec(["ls", `${poolPath}/volumes`])).stdout;

  it("are advertised, with the place of the node", async () => {
    const { capabilities } = await guest.client.identity.GetPluginCapabilities({});
    assert.ok(capabilities.some(({ service }) => service?.type === "VOLUME_ACCESSIBILITY_CONSTRAINTS"));
    const { accessible_topology } = await guest.client.node.NodeGetInfo({});
    assert.deepEqual(accessible_topology?.segments, here);
  });

  it("have room for each place of their own, and none elsewhere", async () => {
    const [ofFiles, ofGroup] = [await roomFrom(here), await roomFrom(b)];
    assert.ok(ofFiles > 3000 && ofFiles < 4096, `${ofFiles} MiB`);
    assert.ok(ofGroup > 800 && ofGroup < 2048, `${ofGroup} MiB`);
    assert.equal(await roomFrom(c), 0);
  });

  it("take a volume where it is liked best, and it works on a node there", async () => {
    assert.deepEqual(await create("liked", [b, here]), [b]);
    assert.match(await inGroup(), new RegExp(volumeIdOf(guestCluster as ClusterId, "liked")));
    assert.deepEqual(await create("near", [here, b]), [a], "the pool's own segments, not the node's");
    const volume = new GuestVolume(guest, "near", "ext4");
    assert.match(await asFiles(), new RegExp(volumeIdOf(guestCluster as ClusterId, "near")));
    await guest.machine.exec(["mkdir", "-p", volume.staging]);
    await volume.publish();
    await volume.stage();
    await guest.machine.sh(`echo here > ${volume.staging}/file; sync ${volume.staging}/file`);
    const { entries } = await guest.client.controller.ListVolumes({});
    const places = entries.map((entry) => entry.volume?.accessible_topology.map(({ segments }) => segments));
    assert.deepEqual(
      new Set(places.map((place) => JSON.stringify(place))),
      new Set([a, b].map((p) => JSON.stringify([p]))),
    );
    await volume.destroy();
    await remove("liked");
  });

  it("take no volume for a place from which neither can be reached, nor where the class's pool cannot", async () => {
    const nowhere = { code: "RESOURCE_EXHAUSTED", message: /must name a place from which a pool can be reached/ };
    await assert.rejects(create("far", [c]), nowhere);
    await assert.rejects(create("far", [here], { pool: "fast" }), nowhere);
    assert.deepEqual(await create("far", [here, b], { pool: "fast" }), [b]);
    await remove("far");
  });

  it("have nothing left of all that", async () => {
    assert.equal(await guest.stop(), 0);
    assert.deepEqual(await census(guest.machine), []);
  });
});
