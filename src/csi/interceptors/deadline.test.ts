import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failure } from "../../domain/errors.ts";
import { compose, type Call, type Handler } from "../call.ts";
import { deadline } from "./deadline.ts";
import { inFlight } from "./in-flight.ts";

function callWith(given: Partial<Call>): Call {
  return {
    id: "1",
    path: "/csi.v1.Node/NodeStageVolume",
    method: "NodeStageVolume",
    requestType: "csi.v1.NodeStageVolumeRequest",
    request: { volume_id: "v" },
    deadline: Infinity,
    signal: new AbortController().signal,
    note: () => undefined,
    ...given,
  };
}

/** Work that ends when told to, whatever its signal says. */
function stubborn() {
  const { promise, resolve } = Promise.withResolvers<object>();
  let seen: AbortSignal | undefined;
  const handler: Handler = async (call) => {
    seen = call.signal;
    return await promise;
  };
  return { handler, finish: () => resolve({}), signal: () => seen };
}

describe("a call whose work hangs", () => {
  it("is answered with a timeout at the client's deadline, and the work is told", async () => {
    const { handler, signal } = stubborn();
    const call = compose([deadline], handler)(callWith({ deadline: Date.now() + 20 }));
    await assert.rejects(call, { kind: "timeout", message: /^cannot serve NodeStageVolume: / });
    assert.equal(signal()?.aborted, true);
  });

  it("is told a moment earlier, so that its own reason reaches the client", async () => {
    const waiting: Handler = async (call) => {
      await new Promise((resolve) => call.signal.addEventListener("abort", resolve, { once: true }));
      throw failure("timeout", { cannot: "connect", rule: "the device must have 5 bytes" });
    };
    const call = compose([deadline], waiting)(callWith({ deadline: Date.now() + 500 }));
    await assert.rejects(call, { kind: "timeout", message: /the device must have 5 bytes/ });
  });

  it("is answered at once when the deadline has passed before", async () => {
    const { handler } = stubborn();
    const call = compose([deadline], handler)(callWith({ deadline: Date.now() - 5000 }));
    await assert.rejects(call, { kind: "timeout" });
  });

  it("has a deadline of the driver's own, below the kubelet's two minutes, when the client sets none", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
    for (const given of [Infinity, Date.now() + 3_600_000]) {
      const { handler } = stubborn();
      let outcome = "waiting";
      const call = compose([deadline], handler)(callWith({ deadline: given })).catch(() => (outcome = "refused"));
      t.mock.timers.tick(100_000);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(outcome, "waiting");
      t.mock.timers.tick(19_000);
      await call;
      assert.equal(outcome, "refused");
    }
  });

  it("ends when the client leaves", async () => {
    const { handler } = stubborn();
    const gone = new AbortController();
    const call = compose([deadline], handler)(callWith({ signal: gone.signal }));
    gone.abort(failure("cancelled", { cannot: "serve", rule: "left" }));
    await assert.rejects(call, { kind: "cancelled" });
  });

  it("keeps its volume locked until the work has really ended, whatever the client was told", async () => {
    const { handler, finish } = stubborn();
    let started = 0;
    const counted: Handler = async (call) => {
      started += 1;
      return await handler(call);
    };
    const run = compose([deadline, inFlight(({ subject }) => subject)], counted);
    await assert.rejects(run(callWith({ deadline: Date.now() + 20 })), { kind: "timeout" });
    await assert.rejects(run(callWith({})), { kind: "busy" });
    assert.equal(started, 1);
    finish();
    await new Promise((resolve) => setImmediate(resolve));
    await run(callWith({}));
    assert.equal(started, 2);
  });
});

describe("a call that is quick", () => {
  it("is answered with its response, and leaves no timer behind", async () => {
    const answer = {};
    assert.equal(await compose([deadline], async () => Promise.resolve(answer))(callWith({})), answer);
    assert.ok(!process.getActiveResourcesInfo().includes("Timeout"));
  });
});
