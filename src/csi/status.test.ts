import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { DomainError, failure, isFinal, type ErrorKind } from "../domain/errors.ts";
import { codeOf, toStatus } from "./status.ts";

/** Every kind, by the compiler's word; the codes are those of the CSI specification. */
const expected: Readonly<Record<ErrorKind, keyof typeof status>> = {
  invalid_argument: "INVALID_ARGUMENT",
  not_found: "NOT_FOUND",
  already_exists: "ALREADY_EXISTS",
  out_of_range: "OUT_OF_RANGE",
  no_capacity: "RESOURCE_EXHAUSTED",
  in_use: "FAILED_PRECONDITION",
  attached_elsewhere: "FAILED_PRECONDITION",
  precondition: "FAILED_PRECONDITION",
  busy: "ABORTED",
  unavailable: "UNAVAILABLE",
  timeout: "DEADLINE_EXCEEDED",
  cancelled: "CANCELLED",
  unsupported: "UNIMPLEMENTED",
  bad_token: "ABORTED",
};

/** Codes after which external-provisioner and kubelet hold that an operation may still be under way (R11). */
const notFinal = new Set(["ABORTED", "UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "RESOURCE_EXHAUSTED"]);

describe("the status of a failure", () => {
  for (const [kind, code] of Object.entries(expected) as [ErrorKind, keyof typeof status][]) {
    it(`is ${code} for ${kind}, with the failure's own words`, () => {
      assert.equal(status[codeOf(kind)], code);
      const error = new DomainError(kind, "cannot do it: rule");
      const answer = toStatus(error);
      assert.equal(answer.code, status[code]);
      assert.equal(answer.message, "cannot do it: rule");
      assert.equal(answer.cause, error);
    });
  }

  it("is one that a caller repeats when the outcome is unknown or may change by itself (R11)", () => {
    for (const kind of ["busy", "unavailable", "timeout", "cancelled"] as const) {
      assert.ok(notFinal.has(expected[kind]), kind);
    }
  });

  it("is a last word exactly when the failure is", () => {
    for (const [kind, code] of Object.entries(expected) as [ErrorKind, keyof typeof status][]) {
      assert.equal(isFinal(new DomainError(kind, "x")), !notFinal.has(code), kind);
    }
    assert.equal(isFinal(new Error("bug")), false, "nobody knows");
  });

  it("is UNAVAILABLE for a system call that failed, with its path: it may be well again the next time", () => {
    const full = Object.assign(new Error("no"), { code: "ENOSPC", syscall: "write", path: "/state/journal" });
    const answer = toStatus(full);
    assert.equal(answer.code, status.UNAVAILABLE);
    assert.equal(answer.message, "cannot write /state/journal: the system refused it; got ENOSPC");
    assert.equal(answer.cause, full);
  });

  it("is INTERNAL with an opaque id for a bug, without the bug's words", () => {
    for (const bug of [new TypeError("secret path /x"), "secret text", undefined, { secret: 1 }]) {
      const answer = toStatus(bug);
      assert.equal(answer.code, status.INTERNAL);
      assert.match(answer.message, /[0-9a-f]{8}-[0-9a-f-]{27}$/);
      assert.doesNotMatch(answer.message, /secret/);
      assert.equal(answer.cause, bug);
    }
  });

  it("stays what it is when it is one already, id and all", () => {
    const first = toStatus(new Error("bug"));
    assert.equal(toStatus(first), first);
    const cause = failure("busy", { cannot: "x", rule: "y" });
    assert.equal(toStatus(toStatus(cause)).code, status.ABORTED);
  });
});
