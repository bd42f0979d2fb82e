import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Content } from "../domain/model.ts";
import type { Evidence, Signature } from "../filesystem/index.ts";
import { decideFormat, type GateDecision, type GateInput } from "./format-gate.ts";

const contents: readonly Content[] = [
  { state: "blank" },
  { state: "present", type: "ext4", uuid: "7f000000-1111-4222-8333-444455556666" },
  { state: "present", type: "xfs" },
  { state: "present", type: "unknown" },
];
const signatures: readonly (Signature | undefined)[] = [
  undefined,
  { type: "ext4", uuid: "7f000000-1111-4222-8333-444455556666" },
  { type: "ext4" },
  { type: "ext3" },
  { type: "xfs" },
  { type: "btrfs" },
  { type: "LVM2_member" },
  { type: "gpt" },
  { type: "dos" },
  { type: "crypto_LUKS" },
  { type: "" },
];
const offsets = [undefined, 0n, 512n, 1024n, 4096n, 134_217_728n] as const;

type Intents = Extract<Evidence, { kind: "read" }>["intents"];
const one: Intents = [{ offset: 4096n, block: Buffer.from("intent") }];

function evidenceOf(
  firstNonZero: bigint | undefined,
  signature: Signature | undefined,
  intents: Intents = [],
): Evidence {
  return {
    kind: "read",
    intents,
    ...(firstNonZero !== undefined && { firstNonZero }),
    ...(signature !== undefined && { signature }),
  };
}

const readings = offsets.flatMap((offset) =>
  signatures.flatMap((signature) => [[], one].map((intents) => evidenceOf(offset, signature, intents))),
);
const unreadable: Evidence = { kind: "unreadable", reason: "EIO at 1024" };
const all: readonly GateInput[] = contents.flatMap((content) =>
  [...readings, unreadable].flatMap((evidence) =>
    [true, false].map((formattedInThisEpoch) => ({
      requested: "ext4" as const,
      content,
      evidence,
      formattedInThisEpoch,
    })),
  ),
);

/**
 * DESIGN 5.1 and R1, said a second time: format only if the target says blank, every region was read and is zero, blkid
 * recognises nothing, and this epoch has no mark, or if a mkfs of the volume was cut short and nobody used it since;
 * mount only what is of the requested type; what was not read is no evidence of anything.
 */
function isRight({ requested, content, evidence, formattedInThisEpoch }: GateInput, { action }: GateDecision): boolean {
  if (evidence.kind === "unreadable") return action === "retry";
  if (evidence.intents.length > 0) return action === "format";
  const isZero = evidence.firstNonZero === undefined;
  const isUnknown = evidence.signature === undefined;
  const mayFormat = content.state === "blank" && isZero && isUnknown && !formattedInThisEpoch;
  if (action === "format") return mayFormat;
  if (action === "mount") return evidence.signature?.type === requested;
  return action === "refuse" && !mayFormat && evidence.signature?.type !== requested;
}

const offset = fc.oneof(fc.constantFrom(...offsets), fc.bigInt(0n, 2n ** 46n));
const word = fc.oneof(
  fc.constantFrom("ext4", "ext4dev", "EXT4", "xfs", "gpt", "unknown"),
  fc.string({ maxLength: 12 }),
);
const signature = fc.option(fc.record({ type: word, uuid: fc.uuid() }, { requiredKeys: ["type"] }), { nil: undefined });
const evidence: fc.Arbitrary<Evidence> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.option(offset, { nil: undefined }), signature, fc.constantFrom([], [], one))
      .map(([at, is, intents]) => evidenceOf(at, is, intents)),
  },
  { weight: 1, arbitrary: fc.string().map((reason) => ({ kind: "unreadable" as const, reason })) },
);
const content: fc.Arbitrary<Content> = fc.oneof(
  fc.constant({ state: "blank" as const }),
  word.map((type) => ({ state: "present" as const, type })),
);
const inputs: fc.Arbitrary<GateInput> = fc.record({
  requested: fc.constant("ext4" as const),
  content,
  evidence,
  formattedInThisEpoch: fc.boolean(),
});

function findWrong(decide: (input: GateInput) => GateDecision, numRuns: number): boolean {
  const property = fc.property(inputs, (input) => isRight(input, decide(input)));
  return fc.check(property, { numRuns }).failed;
}

describe("the format gate", () => {
  it("decides rightly in every combination of what can be known", () => {
    const withoutIntent = all.filter(({ evidence }) => evidence.kind === "read" && evidence.intents.length === 0);
    const blank = withoutIntent.filter((input) => decideFormat(input).action === "format");
    for (const input of all) {
      const decision = decideFormat(input);
      assert.ok(
        isRight(input, decision),
        JSON.stringify({ input, decision }, (_, v: unknown) => String(v)),
      );
    }
    assert.equal(blank.length, 1, "one combination of all without an intent formats");
  });

  it("decides rightly in 20,000 invented states", () => {
    assert.equal(findWrong(decideFormat, 20_000), false);
  });

  it("says what it found, and where", () => {
    const base = { requested: "ext4", content: { state: "blank" }, formattedInThisEpoch: false } as const;
    const reasons: readonly (readonly [GateInput, RegExp])[] = [
      [{ ...base, evidence: evidenceOf(1024n, { type: "LVM2_member" }) }, /LVM2_member/],
      [{ ...base, evidence: evidenceOf(4096n, undefined) }, /4096/],
      [
        { ...base, content: { state: "present", type: "ext4" }, evidence: evidenceOf(undefined, undefined) },
        /ext4.*lost/,
      ],
      [{ ...base, formattedInThisEpoch: true, evidence: evidenceOf(undefined, undefined) }, /lost/],
      [{ ...base, evidence: unreadable }, /EIO at 1024/],
    ];
    for (const [input, pattern] of reasons) {
      const decision = decideFormat(input);
      assert.match("reason" in decision ? decision.reason : decision.action, pattern);
    }
  });
});

/** The gate without one of its conditions: what it would decide if it did not look there. */
const mutants: Readonly<Record<string, (input: GateInput) => GateDecision>> = {
  "(a) what the target says": (input) => decideFormat({ ...input, content: { state: "blank" } }),
  "(c) bytes that are not zero": (input) =>
    decideFormat(
      input.evidence.kind === "read"
        ? { ...input, evidence: evidenceOf(undefined, input.evidence.signature, input.evidence.intents) }
        : input,
    ),
  "(d) what blkid recognises": (input) =>
    decideFormat(
      input.evidence.kind === "read"
        ? { ...input, evidence: evidenceOf(input.evidence.firstNonZero, undefined, input.evidence.intents) }
        : input,
    ),
  "(e) the mark of this epoch": (input) => decideFormat({ ...input, formattedInThisEpoch: false }),
  "a format intent": (input) =>
    decideFormat(input.evidence.kind === "read" ? { ...input, evidence: { ...input.evidence, intents: [] } } : input),
  "to look for a format intent": (input) =>
    decideFormat(input.evidence.kind === "read" ? { ...input, evidence: { ...input.evidence, intents: one } } : input),
  "a read error": (input) =>
    decideFormat(
      input.evidence.kind === "unreadable" ? { ...input, evidence: evidenceOf(undefined, undefined) } : input,
    ),
  "the type of what is there": (input) =>
    input.evidence.kind === "read" && input.evidence.signature !== undefined
      ? { action: "mount" }
      : decideFormat(input),
  "the difference between asking again and refusing": (input) => {
    const decision = decideFormat(input);
    return decision.action === "retry" ? { ...decision, action: "refuse" } : decision;
  },
  "that a blank volume must be formatted": (input) => {
    const decision = decideFormat(input);
    return decision.action === "format" ? { action: "refuse", reason: "never" } : decision;
  },
};

describe("the property above, a test of the test", () => {
  for (const [what, mutant] of Object.entries(mutants)) {
    it(`finds a gate that forgets ${what}`, () => {
      assert.equal(findWrong(mutant, 20_000), true);
      assert.ok(
        all.some((input) => !isRight(input, mutant(input))),
        "the table finds it too",
      );
    });
  }
});
