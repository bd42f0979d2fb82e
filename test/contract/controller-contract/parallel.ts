/** Callers that do not wait for each other. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { CsiError } from "../../support/csi-client.ts";
import { nodeIdOf } from "../../support/node-ids.ts";
import { literally, refused, type Bench } from "./bench.ts";

const sameCalls = 20;

export function parallelTests(bench: Bench): void {
  it("makes one volume out of twenty identical creations at once", async () => {
    const name = bench.newName();
    const calls = Array.from({ length: sameCalls }, async () => bench.volume({ name }));
    const outcomes = await Promise.allSettled(calls);
    await using stack = new AsyncDisposableStack();
    const made = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    const [one] = made;
    assert.ok(one, "one creation is served");
    stack.use(one);
    assert.deepEqual(new Set(made.map(({ id }) => id)), new Set([one.id]));
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") continue;
      assert.ok(outcome.reason instanceof CsiError, String(outcome.reason));
      assert.equal(outcome.reason.code, "ABORTED", outcome.reason.message);
    }
    const { entries } = await bench.controller.ListVolumes({});
    assert.equal(entries.filter(({ volume }) => volume?.volume_id === one.id).length, 1);
  });

  it("lets exactly one of two nodes win when both publish at once", async () => {
    const nodes = [nodeIdOf("node-a"), nodeIdOf("node-b")] as const;
    await using volume = await bench.volume();
    const outcomes = await Promise.allSettled(nodes.map(async (node) => bench.publish(volume.id, node)));
    const winners = nodes.filter((_, index) => outcomes[index]?.status === "fulfilled");
    const [winner = ""] = winners;
    assert.equal(winners.length, 1);
    const loser = nodes[0] === winner ? nodes[1] : nodes[0];
    assert.deepEqual(await bench.holders(volume.id), [winner]);
    await refused(bench.publish(volume.id, loser), "FAILED_PRECONDITION", literally(winner));
  });
}
