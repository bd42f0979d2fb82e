/** The Controller contract on the kernel target: the same suite that `memory` passes. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { controllerContract } from "../contract/controller-contract.ts";
import { census } from "../support/census.ts";
import { startGuestDriver, type GuestDriver } from "../support/guest-driver.ts";

describe("the kernel target", () => {
  let guest: GuestDriver;

  before(async () => {
    guest = await startGuestDriver({ signal: AbortSignal.timeout(300_000) });
  });

  after(async () => guest[Symbol.asyncDispose]());

  controllerContract("nvmet", async () =>
    Promise.resolve({ client: guest.client, close: async () => Promise.resolve() }),
  );

  it("has nothing left of all that", async () => {
    assert.equal(await guest.stop(), 0);
    assert.deepEqual(await census(guest.machine), []);
  });
});
