/** No request ends the process. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startDriver } from "../../support/driver-process.ts";

describe("a driver", { timeout: 60_000 }, () => {
  it("survives an error text that is cut in the middle of a character", async (t) => {
    await using driver = await startDriver({ signal: t.signal });
    const { controller, identity } = driver.client;
    const capability = { access_mode: { mode: "SINGLE_NODE_WRITER" }, mount: {} } as const;
    for (let length = 190; length < 200; length += 1) {
      const parameters = { foo: `${"a".repeat(length)}😀😀😀` };
      const request = { name: "cut", volume_capabilities: [capability], parameters };
      await assert.rejects(controller.CreateVolume(request), { code: "INVALID_ARGUMENT" });
    }
    assert.equal((await identity.Probe({})).ready?.value, true);
  });
});
