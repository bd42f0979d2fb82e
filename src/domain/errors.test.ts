import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeValue, DomainError, failure, messageOf } from "./errors.ts";

describe("an error", () => {
  it("reads: cannot do it: rule; got value", () => {
    const cause = new Error("EIO");
    const error = failure("unavailable", { cannot: "read it", rule: "it must be there", got: { a: 1n }, cause });
    assert.ok(error instanceof DomainError);
    assert.equal(error.message, 'cannot read it: it must be there; got {"a":"1"}');
    assert.equal(error.kind, "unavailable");
    assert.equal(error.cause, cause);
  });

  it("has no value to show when there is none", () => {
    assert.equal(failure("busy", { cannot: "do it", rule: "wait" }).message, "cannot do it: wait");
  });

  it("stays on one line and short, whatever the value", () => {
    assert.equal(describeValue("a\nb\0"), String.raw`"a\nb\u0000"`);
    assert.ok(describeValue("x".repeat(10_000)).length < 250);
    assert.equal(describeValue(12n), "12");
    assert.equal(describeValue(undefined), "undefined");
    assert.equal(messageOf("text"), "text");
  });
});
