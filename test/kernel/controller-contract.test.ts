/** The Controller contract on the kernel target: the same suite that `memory` passes. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { controllerContract } from "../contract/controller-contract.ts";
import { census } from "../support/census.ts";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";
import { labLayers } from "../support/guest-pool.ts";
import { isLongRound } from "../support/long-round.ts";

/** Files alone for each change: a layer comes to this only as the pool's room. */
for (const layer of isLongRound ? labLayers : (["file"] as const)) {
  describe(`the kernel target with volumes of layer ${layer}`, () => {
    let guest: GuestDriver;

    before(async () => {
      guest = await startGuestDriver({ signal: AbortSignal.timeout(600_000), layer });
    });

    after(async () => guest[Symbol.asyncDispose]());

    controllerContract("nvmet", { groups: layer === "lvm-thin" }, async () =>
      Promise.resolve({ client: guest.client, close: async () => Promise.resolve() }),
    );

    it("has nothing left of all that", async () => {
      assert.equal(await guest.stop(), 0);
      assert.deepEqual(await census(guest.machine), []);
    });
  });
}
