import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DomainError } from "./errors.ts";
import type { Uuid } from "./identity.ts";
import { formatNodeId, parseNodeId, type NodeIdParts } from "./node-id.ts";
import type { Access, Sharing } from "./model.ts";
import { holdersAtMost, openPublication, revokedBy, type Publishing } from "./publications.ts";

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

interface Way {
  readonly access: Access;
  readonly sharing?: Sharing;
}
const alone: Way = { access };
const reader: Way = { access: "read-only", sharing: "readers" };
const writer: Way = { access: "read-write", sharing: "writers" };

type Step =
  | { readonly verb: "publish"; readonly node: NodeIdParts; readonly way: Way }
  | { readonly verb: "unpublish"; readonly node: NodeIdParts }
  | { readonly verb: "revoke all" };
const anyNode = fc.constantFrom(...nodes);
const anyWay = fc.constantFrom<Way>(alone, { access: "read-only" }, reader, writer, { ...writer, access: "read-only" });
const histories = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ verb: fc.constant("publish" as const), node: anyNode, way: anyWay }) },
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
    const { publications, lastEpoch } = openPublication(state, { node: step.node, ...step.way });
    return { ...state, publications, lastEpoch };
  } catch (error) {
    assert.ok(error instanceof DomainError);
    assert.ok(["attached_elsewhere", "already_exists", "precondition"].includes(error.kind), error.message);
    return state;
  }
}

/** What the rule P1 forbids, in words; undefined: nothing. */
function conflictIn({ publications, multiWriter }: Publishing): string | undefined {
  const ways = new Set(publications.map(({ sharing }) => sharing ?? "alone"));
  if (ways.size > 1) return `together: ${[...ways].join(", ")}`;
  if (ways.has("alone") && publications.length > 1) return "two that hold it alone";
  if (ways.has("writers") && multiWriter === undefined) return "several writers of a volume for one";
  const nodesThere = new Set(publications.map(({ node }) => node));
  return nodesThere.size < publications.length ? "a node twice" : undefined;
}

describe("publications", () => {
  it("never have a writer beside others that did not agree, and never use an epoch twice, whatever the history", () => {
    fc.assert(
      fc.property(histories, fc.constantFrom(undefined, "block" as const), (steps, multiWriter) => {
        const epochOfHolder = new Map<number, string>();
        let state: Publishing = { ...none, ...(multiWriter && { multiWriter }) };
        for (const step of steps) {
          const before = state;
          state = take(before, step);
          assert.equal(conflictIn(state), undefined);
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
    const first = openPublication(none, { node, access });
    const second = openPublication(first, { node, access });
    assert.deepEqual(second.publication, first.publication);
    assert.equal(second.lastEpoch, 1);
  });

  it("are refused to another node, and to another life of the same node, naming the holder", () => {
    const [a1, a2, b1] = nodes;
    assert.ok(a1 && a2 && b1);
    const state = openPublication(none, { node: a1, access });
    for (const node of [a2, b1]) {
      assert.throws(
        () => openPublication(state, { node, access }),
        (error: unknown) => error instanceof DomainError && error.message.includes(a1.id),
      );
    }
  });

  it("are refused with another access to the holder itself", () => {
    const [node = nodeOf("x", 9)] = nodes;
    const state = openPublication(none, { node, access });
    const work = () => openPublication(state, { node, access: "read-only" });
    assert.equal(kindOf(work), "already_exists");
  });

  it("are revoked by the name of the node, in whatever life", () => {
    const [a1, a2, b1] = nodes;
    assert.ok(a1 && a2 && b1);
    const { publications } = openPublication(none, { node: a1, access });
    assert.deepEqual(revokedBy(publications, a2), publications);
    assert.deepEqual(revokedBy(publications, b1), []);
    assert.deepEqual(revokedBy(publications, "everyone"), publications);
  });

  const between = (state: Publishing, node: NodeIdParts, way: Way) =>
    kindOf(() => openPublication(state, { node, ...way }));
  const heldBy = (way: Way, ...holders: readonly (NodeIdParts | undefined)[]) =>
    holders.reduce<Publishing>(
      (state, node) => (node ? { ...state, ...openPublication(state, { node, ...way }) } : state),
      { ...none, multiWriter: "block" },
    );

  it("are shared by readers, or by writers, and mix with nothing else", () => {
    const [a1, , b1] = nodes;
    const third = nodeOf("c", 5);
    for (const held of [reader, writer]) {
      const state = heldBy(held, a1, b1);
      assert.deepEqual(
        state.publications.map(({ epoch }) => epoch),
        [1, 2],
      );
      for (const asked of [alone, { access: "read-only" } as const, reader, writer]) {
        assert.equal(between(state, third, asked), asked === held ? "done" : "attached_elsewhere");
      }
      for (const asked of [reader, writer])
        assert.equal(between(heldBy(alone, a1), third, asked), "attached_elsewhere");
    }
  });

  it("name all holders when they stand in the way, and how they hold the volume", () => {
    const [a1, , b1] = nodes;
    assert.ok(a1 && b1);
    const state = heldBy(reader, a1, b1);
    const message = `it is published to ${a1.id}, ${b1.id} read-only among readers, and nobody else may have it read-write meanwhile`;
    assert.throws(
      () => openPublication(state, { node: nodeOf("c", 5), access }),
      (error: unknown) => error instanceof DomainError && error.message.includes(message),
    );
  });

  it("of several writers need a volume that was made for them, also for the first one", () => {
    const [a1, , b1] = nodes;
    assert.ok(a1 && b1);
    assert.equal(between(none, a1, writer), "precondition");
    assert.equal(between(heldBy(reader, a1), b1, writer), "attached_elsewhere");
  });

  it("stay as they are for a node that asks for another sharing", () => {
    const [a1] = nodes;
    assert.ok(a1);
    assert.equal(between(heldBy(writer, a1), a1, alone), "already_exists");
    assert.equal(between(heldBy(reader, a1), a1, { access: "read-only" }), "already_exists");
    assert.equal(between(heldBy(reader, a1), a1, reader), "done");
  });

  it("let so many nodes in and not one more", () => {
    const many = Array.from({ length: holdersAtMost }, (_, index) => nodeOf(`n${index}`, 100 + index));
    const state = heldBy(reader, ...many);
    assert.equal(state.publications.length, holdersAtMost);
    assert.equal(between(state, nodeOf("x", 9), reader), "attached_elsewhere");
  });

  it("let no second node in where it could not be put out again, with the reason", () => {
    const [a1, , b1] = nodes;
    assert.ok(a1 && b1);
    const why = "its kernel is too old";
    const first = openPublication(none, { node: a1, ...reader }, why);
    assert.equal(openPublication(first, { node: a1, ...reader }, why).publications.length, 1);
    assert.throws(() => openPublication(first, { node: b1, ...reader }, why), {
      kind: "attached_elsewhere",
      message: new RegExp(`${a1.id}.*${why}`),
    });
  });
});
