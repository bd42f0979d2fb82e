import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeSpecs, readSpecs, type Spec } from "./ginkgo-report.ts";

const allowed = {
  entries: ["slow"],
  find: (name: string) => (name.includes("slow") ? "slow" : undefined),
  reason: (entry: string) => `too ${entry}`,
  show: (entry: string) => entry,
};
const passed: Spec = { name: "works", state: "passed", message: "" };
const slow: Spec = { name: "slow one", state: "skipped", message: "" };

describe("the judge of a ginkgo report", () => {
  it("counts what passed and what was skipped with a reason", () => {
    assert.deepEqual(judgeSpecs([passed, slow], allowed, "suite"), {
      passed: 1,
      failed: 0,
      skipped: ["suite: slow one: too slow"],
    });
  });

  it("counts every other state as a failure", () => {
    for (const state of ["failed", "panicked", "timedout", "aborted", "interrupted"]) {
      assert.equal(judgeSpecs([slow, { ...passed, state }], allowed, "suite").failed, 1, state);
    }
  });

  it("counts a skip or a pending spec that nothing allows as a failure", () => {
    for (const state of ["skipped", "pending"]) {
      assert.equal(judgeSpecs([slow, { ...passed, state }], allowed, "suite").failed, 1, state);
    }
  });

  it("counts an entry that no skip needs as a failure, and a spec that passes does not need it", () => {
    assert.equal(judgeSpecs([passed], allowed, "suite").failed, 1);
    assert.equal(judgeSpecs([{ ...slow, state: "passed" }], allowed, "suite").failed, 1);
  });

  it("reads the specs of a report by their full names, without what runs before and after them", () => {
    const spec = { ContainerHierarchyTexts: ["outer", "inner"], LeafNodeText: "works", State: "passed" };
    const specs = [
      { ...spec, LeafNodeType: "It" },
      { ...spec, LeafNodeType: "BeforeSuite" },
    ];
    assert.deepEqual(readSpecs(JSON.stringify([{ SpecReports: specs }])), [{ ...passed, name: "outer inner works" }]);
  });
});
