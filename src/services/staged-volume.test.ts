import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Uuid } from "../domain/identity.ts";
import type { Mount } from "../filesystem/index.ts";
import type { JournaledDevice } from "../node-journal/index.ts";
import { journaledDevices, live, shows, showsAny, withDevice, type SeenDevice } from "./staged-volume.ts";

const own = "7f000000-1111-4222-8333-444455556666" as Uuid;
const path = "/dev/nvme0n1";
const number = { major: 259, minor: 1 };
const options = { options: ["rw"], superOptions: ["rw"] };
const ext4: Mount = { ...options, device: number, root: "/", path: "/stage", type: "ext4", source: path };
const node: Mount = {
  ...options,
  device: { major: 0, minor: 6 },
  root: "/nvme0n1",
  path: "/target",
  type: "devtmpfs",
  source: "devtmpfs",
};
const dead: Mount = { ...node, root: "/nvme0n1//deleted" };
const otherNode: Mount = { ...node, root: "/nvme0n11" };

/** The devices of a journal that knows one, by who bears its number now; before that, so many were lost. */
async function seen(bearer: Uuid | "other" | undefined, lost = 0): Promise<readonly SeenDevice[]> {
  const past = Array.from({ length: lost }, () => ({ path, number, isPast: true }));
  const entry = { devices: [...past, { path, number, isPast: false }] };
  return await seenAs(entry.devices, bearer);
}

/** Devices of a volume, by who bears their number now and which devices other volumes have in the journal. */
async function seenAs(
  devices: readonly JournaledDevice[],
  bearer?: Uuid | "other",
  ...others: readonly JournaledDevice[]
): Promise<readonly SeenDevice[]> {
  const initiator = { bearerOf: async () => Promise.resolve(bearer) };
  const entries = [{ devices }, { devices: others }];
  return await journaledDevices({ initiator, journal: { all: async () => Promise.resolve(entries) } }, own, {
    devices,
  });
}

describe("a device that was found just now", () => {
  it("is shown by its file system and its node, not by the bind of a lost one of the same name", () => {
    const device = live({ path, number });
    const shown = [ext4, node, dead, otherNode].map((mount) => shows(mount, device));
    assert.deepEqual(shown, [true, true, false, false]);
  });
});

describe("a device of the journal", () => {
  const cases: readonly (readonly [string, Uuid | "other" | undefined, readonly boolean[]])[] = [
    [
      "is known by its file system and its node while its own namespace bears the number",
      own,
      [true, true, false, false],
    ],
    ["is known by its file system and its dead bind when it is lost", undefined, [true, false, true, false]],
    [
      "is known by its dead bind alone when another volume bears the number",
      "11111111-1111-4222-8333-444455556666" as Uuid,
      [false, false, true, false],
    ],
    [
      "is known by its dead bind alone when another kind of device bears the number",
      "other",
      [false, false, true, false],
    ],
  ];
  for (const [sentence, bearer, expected] of cases) {
    it(sentence, async () => {
      const devices = await seen(bearer);
      assert.deepEqual(
        [ext4, node, dead, otherNode].map((mount) => showsAny(mount, devices)),
        expected,
      );
    });
  }

  it("is known by its dead bind too when it was lost and found again under its name and number", async () => {
    const devices = await seen(own, 1);
    assert.deepEqual(
      devices.map(({ state }) => state),
      ["replaced", "live"],
    );
    assert.deepEqual(
      [ext4, node, dead, otherNode].map((mount) => showsAny(mount, devices)),
      [true, true, true, false],
    );
  });
});

describe("a device of the journal that the kernel has counted", () => {
  const device: JournaledDevice = { path, number, isPast: false, sequence: 7, nodes: [40] };
  const [mine, theirs]: readonly Mount[] = [
    { ...dead, node: 40 },
    { ...dead, node: 41 },
  ];
  const all = [ext4, mine, theirs, dead].map((mount) => mount ?? dead);
  const shownBy = async (known: JournaledDevice, ...others: readonly JournaledDevice[]) => {
    const devices = await seenAs([known], undefined, ...others);
    return all.map((mount) => showsAny(mount, devices));
  };

  it("is known by its file system and the node that was bound, not by another's, and by any that is out of sight", async () => {
    assert.deepEqual(await shownBy(device), [true, true, false, true]);
  });

  const changes: readonly (readonly [string, Partial<JournaledDevice>])[] = [
    ["name and number", {}],
    ["number", { path: "/dev/nvme1n1" }],
    ["name", { number: { major: 259, minor: 2 } }],
  ];
  for (const [what, change] of changes) {
    it(`shows no file system once a later device has had its ${what}`, async () => {
      assert.deepEqual(await shownBy(device, { ...device, sequence: 8, ...change }), [false, true, false, true]);
    });
  }

  const noProof: readonly (readonly [string, JournaledDevice])[] = [
    ["an earlier device had its name and number", { ...device, sequence: 6 }],
    ["a later one had others", { path: "/dev/nvme1n1", number: { major: 259, minor: 2 }, isPast: false, sequence: 8 }],
    ["nobody knows when the other one came", { path, number, isPast: false }],
  ];
  for (const [what, other] of noProof) {
    it(`keeps its file system though ${what}`, async () => {
      assert.deepEqual(await shownBy(device, other), [true, true, false, true]);
    });
  }

  it("has every mount of its name and number where an older version wrote the entry", async () => {
    const later = { ...device, sequence: 8 };
    assert.deepEqual(await shownBy({ path, number, isPast: false }, later), [true, true, true, true]);
  });
});

describe("the devices of an entry", () => {
  const present = { path, name: "nvme0n1", number, size: 1n, uuid: own, sequence: 7 };
  const known = { path, number, isPast: false, sequence: 7, nodes: [40] };

  it("take in the one in use once, with each node that is bound", () => {
    const first = withDevice([], present);
    assert.deepEqual(first, [{ ...known, nodes: [] }]);
    const twice = withDevice(withDevice(first, present, [40]), present, [40]);
    assert.deepEqual(twice, [known]);
    assert.deepEqual(withDevice(twice, present, [41]), [{ ...known, nodes: [40, 41] }]);
  });

  it("keep one that had the same name and number before as a past one", () => {
    const next = { ...known, sequence: 9, nodes: [] };
    assert.deepEqual(withDevice([known], { ...present, sequence: 9 }), [{ ...known, isPast: true }, next]);
  });

  it("never claim to know which nodes of a device an older version has bound", () => {
    const { sequence: _none, ...uncounted } = present;
    const older = { path, number, isPast: false };
    assert.deepEqual(withDevice([older], uncounted, [40]), [older]);
    assert.deepEqual(withDevice([older], present, [40]), [{ ...older, isPast: true }, known]);
  });
});
