import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DomainError } from "./errors.ts";
import type { Uuid } from "./identity.ts";
import { formatNodeId, parseNodeId, type NodeIdParts } from "./node-id.ts";
import { openPublication, revokedBy, type Publishing } from "./publications.ts";

function nodeOf(name: string, life: number): NodeIdParts {
  const uuid = `7f000000-1111-4222-8333-${String(life).padStart(12, "0")}`;
  const parts = parseNodeId(formatNodeId(name, uuid as Uuid, "A".repeat(43)));
  assert.ok(parts);
  return parts;
}

// Two machines, each in two lives: installed anew under the same name.
const nodes = [nodeOf("a", 1), nodeOf("a", 2), nodeOf("b", 3), nodeOf("b", 4)];
const none: Publishing = { publications: [], lastEpoch: 0 };
const access = "read-write";

type Step = { readonly verb: "publish" | "unpublish"; readonly node: NodeIdParts } | { readonly verb: "revoke all" };
const anyNode = fc.constantFrom(...nodes);
const histories = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ verb: fc.constant("publish" as const), node: anyNode }) },
    { weight: 3, arbitrary: fc.record({ verb: fc.constant("unpublish" as const), node: anyNode }) },
    { weight: 1, arbitrary: fc.constant({ verb: "revoke all" } as const) },
  ),
  { maxLength: 40 },
);

function kindOf(work: () => unknown): string {
  try {
    work();
    return "done";
  } catch (error) {
    assert.ok(error instanceof DomainError);
    return error.kind;
  }
}

function take(state: Publishing, step: Step): Publishing {
  if (step.verb !== "publish") {
    const gone = revokedBy(state.publications, step.verb === "unpublish" ? step.node : "everyone");
    return { ...state, publications: state.publications.filter((held) => !gone.includes(held)) };
  }
  try {
    const { publications, lastEpoch } = openPublication(state, { node: step.node, access }, 1);
    return { publications, lastEpoch };
  } catch (error) {
    assert.ok(error instanceof DomainError && error.kind === "attached_elsewhere");
    return state;
  }
}

describe("publications", () => {
  it("never have two holders, and never use an epoch twice, whatever the history", () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const epochOfHolder = new Map<number, string>();
        let state = none;
        for (const step of steps) {
          const before = state;
          state = take(before, step);
          assert.ok(state.publications.length <= 1);
          assert.ok(state.lastEpoch === before.lastEpoch || state.lastEpoch === before.lastEpoch + 1);
          for (const { epoch, node } of state.publications) {
            assert.ok(epoch >= 1 && epoch <= state.lastEpoch);
            assert.equal(epochOfHolder.get(epoch) ?? node, node, "an epoch belongs to one node for ever");
            epochOfHolder.set(epoch, node);
            const isNew = !before.publications.some((held) => held.epoch === epoch);
            if (isNew) assert.ok(epoch > before.lastEpoch, "a revoked epoch never comes back");
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("are found again by a repeated publish", () => {
    const [node = nodeOf("x", 9)] = nodes;
    const first = openPublication(none, { node, access }, 1);
    const second = openPublication(first, { node, access }, 1);
    assert.deepEqual(second.publication, first.publication);
    assert.equal(second.lastEpoch, 1);
  });

  it("are refused to another node, and to another life of the same node, naming the holder", () => {
    const [a1, a2, b1] = nodes;
    assert.ok(a1 && a2 && b1);
    const state = openPublication(none, { node: a1, access }, 1);
    for (const node of [a2, b1]) {
      assert.throws(
        () => openPublication(state, { node, access }, 1),
        (error: unknown) => error instanceof DomainError && error.message.includes(a1.id),
      );
    }
  });

  it("are refused with another access to the holder itself", () => {
    const [node = nodeOf("x", 9)] = nodes;
    const state = openPublication(none, { node, access }, 1);
    const work = () => openPublication(state, { node, access: "read-only" }, 1);
    assert.equal(kindOf(work), "already_exists");
  });

  it("are revoked by the name of the node, in whatever life", () => {
    const [a1, a2, b1] = nodes;
    assert.ok(a1 && a2 && b1);
    const { publications } = openPublication(none, { node: a1, access }, 1);
    assert.deepEqual(revokedBy(publications, a2), publications);
    assert.deepEqual(revokedBy(publications, b1), []);
    assert.deepEqual(revokedBy(publications, "everyone"), publications);
  });

  it("may have as many holders as the volume takes, not one more", () => {
    const [a1, , b1] = nodes;
    assert.ok(a1 && b1);
    const one = openPublication(none, { node: a1, access }, 2);
    const two = openPublication(one, { node: b1, access }, 2);
    assert.deepEqual(
      two.publications.map(({ epoch }) => epoch),
      [1, 2],
    );
    const third = nodeOf("c", 5);
    assert.equal(
      kindOf(() => openPublication(two, { node: third, access }, 2)),
      "attached_elsewhere",
    );
  });
});
