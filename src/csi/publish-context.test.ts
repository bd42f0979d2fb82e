import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Attachment } from "../domain/model.ts";
import { largestSize, smallestSize } from "../domain/capacity.ts";
import { decodeAttachment, encodeAttachment } from "./publish-context.ts";

const attachment: Attachment = {
  epoch: 3,
  portals: [
    { address: "192.0.2.1", port: 4420 },
    { address: "2001:db8::1", port: 4421 },
  ],
  size: 1_073_741_824n,
  blankSizes: [335_544_320n, 1_073_741_824n],
  content: { state: "blank" },
  access: "read-write",
};
const good = encodeAttachment(attachment);

describe("a publish context", () => {
  it("has the keys that its schema names", () => {
    assert.deepEqual(good, {
      schema: "1",
      epoch: "3",
      portals: "192.0.2.1:4420,[2001:db8::1]:4421",
      size: "1073741824",
      blankSizes: "335544320,1073741824",
      content: "blank",
      access: "read-write",
    });
  });

  it("is read back as it was written", () => {
    const contents: readonly Attachment["content"][] = [
      { state: "blank" },
      { state: "present", type: "ext4", uuid: "7f000000-1111-4222-8333-444455556666" },
      { state: "present", type: "unknown" },
    ];
    fc.assert(
      fc.property(
        fc.record({
          epoch: fc.integer({ min: 1 }),
          size: fc.bigInt(smallestSize, largestSize),
          blankSizes: fc.array(fc.bigInt(smallestSize, largestSize), { maxLength: 5 }),
          content: fc.constantFrom(...contents),
          access: fc.constantFrom("read-write" as const, "read-only" as const),
          sharing: fc.constantFrom("readers" as const, "writers" as const),
        }),
        (parts) => {
          const whole = { ...attachment, ...parts };
          assert.deepEqual(decodeAttachment(encodeAttachment(whole)), whole);
        },
      ),
    );
  });

  it("may have keys that are not read, such as those of a sidecar", () => {
    assert.deepEqual(decodeAttachment({ ...good, "example.org/extra": "1" }), attachment);
  });

  it("is refused when its schema is newer, with both versions named", () => {
    assert.throws(() => decodeAttachment({ ...good, schema: "2" }), {
      kind: "invalid_argument",
      message: /schema must be 1, the version this driver reads; got "2"/,
    });
  });

  const bad: readonly (readonly [string, string | undefined])[] = [
    ["schema", undefined],
    ["schema", ""],
    ["schema", "01"],
    ["epoch", undefined],
    ["epoch", "0"],
    ["epoch", "-1"],
    ["epoch", "1.5"],
    ["epoch", "1e3"],
    ["epoch", "0x10"],
    ["epoch", "99999999999999999999"],
    ["portals", undefined],
    ["portals", ""],
    ["portals", "192.0.2.1"],
    ["portals", "storage:4420"],
    ["portals", "192.0.2.1:4420,"],
    ["portals", "192.0.2.1:4420,hostnqn=nqn.other"],
    ["size", undefined],
    ["size", ""],
    ["size", "-5"],
    ["size", "4096"],
    ["size", String(2n ** 62n)],
    ["blankSizes", String(2n ** 62n)],
    ["blankSizes", Array.from({ length: 129 }, () => "335544320").join(",")],
    ["size", "1 GiB"],
    ["blankSizes", undefined],
    ["blankSizes", "1,"],
    ["blankSizes", "1;2"],
    ["access", "admin"],
    ["access", undefined],
    ["sharing", ""],
    ["sharing", "all"],
    ["content", undefined],
    ["content", "Blank"],
    ["content", ""],
  ];
  for (const [key, value] of bad) {
    it(`is refused, naming the key, with ${key} ${value === undefined ? "missing" : JSON.stringify(value)}`, () => {
      const map = Object.fromEntries(
        Object.entries({ ...good, [key]: value }).filter(([, text]) => text !== undefined),
      );
      assert.throws(() => decodeAttachment(map as Record<string, string>), {
        kind: "invalid_argument",
        message: new RegExp(`^cannot read the publish_context: publish_context\\.${key} must .*; got "`),
      });
    });
  }
});
