import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Uuid } from "../domain/identity.ts";
import type { Mount } from "../filesystem/index.ts";
import { journaledDevices, live, shows, showsAny, type SeenDevice } from "./staged-volume.ts";

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
  const initiator = { bearerOf: async () => Promise.resolve(bearer) };
  return await journaledDevices(initiator, own, entry);
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
