import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Figure } from "./figure.ts";
import { jsonOf, tableOf } from "./report.ts";

const restage: Figure = {
  family: "staging",
  name: "restage",
  against: "bare tools",
  unit: "ms",
  rounds: [
    { measured: 110, reference: 100 },
    { measured: 130, reference: 100 },
    { measured: 120, reference: 100 },
  ],
  goal: { kind: "ratio at most", limit: 1.1 },
};
const memory: Figure = {
  ...restage,
  family: "process",
  name: "RSS",
  unit: "MiB",
  rounds: [{ measured: 60.123, reference: 6.5 }],
  goal: { kind: "value at most", limit: 90 },
};
const { goal: _goal, ...aimless } = restage;

describe("the table", () => {
  it("has a line for each figure, with both sides, ratio, spread, goal and verdict", () => {
    assert.deepEqual(tableOf([restage, memory, { ...aimless, name: "x" }]).split("\n"), [
      "| figure           | driver   | against    | reference | ratio | middle half | goal     | verdict |",
      "| ---------------- | -------- | ---------- | --------- | ----- | ----------- | -------- | ------- |",
      "| staging: restage | 120 ms   | bare tools | 100 ms    | 1.20  | 1.15–1.25   | ≤ 1.10   | missed  |",
      "| process: RSS     | 60.1 MiB | bare tools | 6.50 MiB  | 9.25  | 9.25–9.25   | ≤ 90 MiB | met     |",
      "| staging: x       | 120 ms   | bare tools | 100 ms    | 1.20  | 1.15–1.25   |          |         |",
    ]);
  });
});

describe("the JSON", () => {
  it("has every round besides what is said of them", () => {
    const { figures } = JSON.parse(jsonOf([restage])) as { readonly figures: readonly Record<string, unknown>[] };
    const [figure = {}] = figures;
    assert.deepEqual(figure["rounds"], restage.rounds);
    assert.deepEqual(
      [figure["ratio"], figure["measured"], figure["reference"], figure["verdict"]],
      [1.2, 120, 100, "missed"],
    );
  });
});
