/** Callers that do not wait for each other. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { CsiError, type CodeName } from "../../support/csi-client.ts";
import { nodeIdOf } from "../../support/node-ids.ts";
import { exactly, literally, refused, smallest, step, type Bench } from "./bench.ts";

const sameCalls = 20;

/** What was made, taken away again at the end; what was not made was refused with this code, or nothing was refused. */
function keep<T extends AsyncDisposable>(
  stack: AsyncDisposableStack,
  outcomes: readonly PromiseSettledResult<T>[],
  otherwise?: CodeName,
): readonly T[] {
  const made = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [stack.use(outcome.value)] : []));
  assertRefused(outcomes, otherwise);
  return made;
}

function assertRefused(outcomes: readonly PromiseSettledResult<unknown>[], code: CodeName | undefined): void {
  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") continue;
    assert.ok(outcome.reason instanceof CsiError, String(outcome.reason));
    assert.equal(outcome.reason.code, code, outcome.reason.message);
  }
}

export function parallelTests(bench: Bench): void {
  creationTests(bench);
  snapshotTests(bench);
  copyTests(bench);

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

  it("grows a volume to the largest of the sizes that were served when several are asked for at once", async () => {
    await using volume = await bench.volume();
    const sizes = [1n, 2n, 3n, 4n].map((count) => smallest + count * step);
    const grow = async (size: bigint) => bench.grow(volume.id, { required_bytes: String(size) });
    const outcomes = await Promise.allSettled(sizes.map(grow));
    assertRefused(outcomes, "ABORTED");
    const answers = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    assert.ok(answers.length > 0, "one of them is served");
    const grown = answers.map(({ capacity_bytes }) => Number(capacity_bytes));
    assert.equal((await bench.shown(volume.id)).capacity_bytes, String(Math.max(...grown)));
  });
}

function creationTests(bench: Bench): void {
  it("makes one volume out of twenty identical creations at once", async () => {
    const name = bench.newName();
    const calls = Array.from({ length: sameCalls }, async () => bench.volume({ name }));
    await using stack = new AsyncDisposableStack();
    const made = keep(stack, await Promise.allSettled(calls), "ABORTED");
    const [one] = made;
    assert.ok(one, "one creation is served");
    assert.deepEqual(new Set(made.map(({ id }) => id)), new Set([one.id]));
    const { entries } = await bench.controller.ListVolumes({});
    assert.equal(entries.filter(({ volume }) => volume?.volume_id === one.id).length, 1);
  });
}

function snapshotTests(bench: Bench): void {
  it("takes one snapshot for twenty identical requests at once", async () => {
    await using volume = await bench.volume();
    const name = bench.newName();
    const calls = Array.from({ length: sameCalls }, async () => bench.snapshot(volume.id, { name }));
    await using stack = new AsyncDisposableStack();
    const taken = keep(stack, await Promise.allSettled(calls), "ABORTED");
    const [one] = taken;
    assert.ok(one, "one request is served");
    for (const other of taken) assert.deepEqual(other.taken, one.taken);
    const { entries } = await bench.controller.ListSnapshots({ source_volume_id: volume.id });
    assert.deepEqual(entries, [{ snapshot: one.taken }]);
  });

  it("takes several snapshots of one volume at once", async () => {
    await using volume = await bench.volume();
    const calls = Array.from({ length: 5 }, async () => bench.snapshot(volume.id));
    await using stack = new AsyncDisposableStack();
    const taken = keep(stack, await Promise.allSettled(calls)).map(({ id }) => id);
    assert.equal(new Set(taken).size, 5);
    const { entries } = await bench.controller.ListSnapshots({ source_volume_id: volume.id });
    assert.deepEqual(entries.map(({ snapshot }) => snapshot?.snapshot_id).toSorted(), taken.toSorted());
  });
}

function copyTests(bench: Bench): void {
  it("makes several copies of a volume and of its snapshot at once", async () => {
    await using volume = await bench.volume();
    await using snapshot = await bench.snapshot(volume.id);
    const sources = [{ volume: { volume_id: volume.id } }, { snapshot: { snapshot_id: snapshot.id } }];
    const calls = [...sources, ...sources, ...sources].map(async (volume_content_source) =>
      bench.volume({ volume_content_source, capacity_range: exactly(smallest) }),
    );
    await using stack = new AsyncDisposableStack();
    const made = keep(stack, await Promise.allSettled(calls)).map(({ id }) => id);
    const { entries } = await bench.controller.ListVolumes({});
    const ids = entries.map((entry) => entry.volume?.volume_id);
    assert.deepEqual(
      made.filter((id) => !ids.includes(id)),
      [],
      "each of them is made",
    );
    assert.equal(new Set(made).size, calls.length);
  });

  it("makes one copy out of twenty identical creations at once", async () => {
    await using volume = await bench.volume();
    const request = { name: bench.newName(), volume_content_source: { volume: { volume_id: volume.id } } };
    const calls = Array.from({ length: sameCalls }, async () => bench.volume(request));
    await using stack = new AsyncDisposableStack();
    const made = keep(stack, await Promise.allSettled(calls), "ABORTED");
    const [one] = made;
    assert.ok(one, "one creation is served");
    assert.deepEqual(new Set(made.map(({ id }) => id)), new Set([one.id]));
  });

  it("makes a copy whole or not at all while its source is deleted", async () => {
    for (let round = 0; round < 5; round += 1) {
      await using stack = new AsyncDisposableStack();
      const volume = stack.use(await bench.volume()).id;
      const request = { name: bench.newName(), volume_content_source: { volume: { volume_id: volume } } };
      // Either of the two is the first to be sent.
      const early = round % 2 === 0 ? bench.discard(volume) : undefined;
      const copying = Promise.allSettled([bench.volume(request)]);
      const [outcomes] = await Promise.all([copying, early ?? bench.discard(volume)]);
      const [copy] = keep(stack, outcomes, "NOT_FOUND");
      await refused(bench.shown(volume), "NOT_FOUND");
      const { entries } = await bench.controller.ListVolumes({});
      const sources = entries.map((entry) => entry.volume?.content_source?.volume?.volume_id);
      assert.equal(sources.includes(volume), copy !== undefined, "there is a copy exactly when the call was served");
      if (copy !== undefined) assert.equal((await bench.shown(copy.id)).capacity_bytes, String(smallest));
    }
  });
}
