import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DomainError, failure, type ErrorKind } from "../../domain/errors.ts";
import type { Call } from "../call.ts";
import { failureEvents, type FailureNews } from "./failure-events.ts";

/** What is told when a call of a method fails in a way. */
async function news(method: string, kind: ErrorKind, request: object): Promise<readonly FailureNews[]> {
  const told: FailureNews[] = [];
  const error = failure(kind, { cannot: "do it", rule: "rule" });
  const call = { method, request } as Call;
  await assert.rejects(
    failureEvents((one) => told.push(one))(call, async () => Promise.reject(error)),
    error,
  );
  return told;
}

const message = "cannot do it: rule";

describe("news of a failure", () => {
  it("are told for a full pool, a refused stage and a fence that waits, with whom they concern", async () => {
    const parameters = { "csi.storage.k8s.io/pvc/namespace": "team", "csi.storage.k8s.io/pvc/name": "data" };
    const method = "CreateVolume";
    assert.deepEqual(await news(method, "no_capacity", { name: "pvc-1", parameters }), [
      { method, reason: "PoolFull", message, claim: { namespace: "team", name: "data" } },
    ]);
    const volume = "nvmet/v1-0";
    assert.deepEqual(await news("ControllerExpandVolume", "no_capacity", { volume_id: volume }), [
      { method: "ControllerExpandVolume", reason: "PoolFull", message, volume },
    ]);
    assert.deepEqual(await news("NodeStageVolume", "precondition", { volume_id: volume }), [
      { method: "NodeStageVolume", reason: "StageRefused", message, volume },
    ]);
    for (const kind of ["unavailable", "timeout"] as const) {
      assert.equal((await news("ControllerUnpublishVolume", kind, { volume_id: volume }))[0]?.reason, "FenceWaits");
    }
  });

  it("are not told of anything else, nor of a success", async () => {
    assert.deepEqual(await news("CreateVolume", "invalid_argument", { name: "x" }), []);
    assert.deepEqual(await news("NodeStageVolume", "unavailable", { volume_id: "x" }), []);
    assert.deepEqual(await news("DeleteVolume", "in_use", { volume_id: "x" }), []);
    const call = { method: "NodeStageVolume", request: {} } as Call;
    const tell = () => assert.fail("nothing failed");
    assert.deepEqual(await failureEvents(tell)(call, async () => Promise.resolve({ ok: true })), { ok: true });
    const bug = new DomainError("precondition", "x");
    await assert.rejects(
      failureEvents(() => undefined)({ ...call, method: "X" }, async () => Promise.reject(bug)),
      bug,
    );
  });
});
