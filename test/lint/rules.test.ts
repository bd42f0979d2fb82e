/** Numbers of rules in comments lead somewhere: docs/rules.md explains each one that src/ uses. */
import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";

const root = path.join(import.meta.dirname, "../..");

/** The numbers that a text uses and does not define itself, as ` * F1  what it means`. */
function numbersIn(text: string): ReadonlySet<string> {
  const used = [...text.matchAll(/\b[VRF]\d+\b|\bDESIGN(?: \d+(?:\.\d+)?)?/g)].map(([number]) => number);
  const own = new Set([...text.matchAll(/^ \* ([A-Z]\d+) {2}/gm)].map(([, number]) => number));
  return new Set(used.filter((number) => !own.has(number)));
}

/** The numbers that the page explains with a sentence, in the page's order. */
function explained(page: string): readonly string[] {
  return [...page.matchAll(/^- \*\*([A-Z]+(?: ?[\d.]+)?)\*\* .+/gm)].map(([, number]) => number ?? "");
}

describe("docs/rules.md", () => {
  it("explains every number that a comment in src/ uses", async () => {
    const known = new Set(explained(await readFile(path.join(root, "docs/rules.md"), "utf8")));
    let count = 0;
    for await (const file of glob("src/**/*.ts", { cwd: root, exclude: ["src/gen/**"] })) {
      for (const number of numbersIn(await readFile(path.join(root, file), "utf8"))) {
        assert.ok(known.has(number), `${file} uses ${number}, which docs/rules.md does not explain`);
        count += 1;
      }
    }
    assert.ok(count > 50, "the numbers are found");
  });

  it("explains each number once, in their order", async () => {
    const numbers = explained(await readFile(path.join(root, "docs/rules.md"), "utf8"));
    assert.equal(new Set(numbers).size, numbers.length);
    for (const letter of ["V", "R", "F"]) {
      const own = numbers.filter((number) => number.startsWith(letter)).map((number) => Number(number.slice(1)));
      assert.deepEqual(
        own,
        own.toSorted((a, b) => a - b),
        letter,
      );
    }
  });

  it("is asked for the right numbers", () => {
    const text = "/**\n * F1  Own rule.\n */\n// V32, (R1) and DESIGN 5.1 a; not UTF8, 0xF2A or V8x\n/** F1. */";
    assert.deepEqual([...numbersIn(text)], ["V32", "R1", "DESIGN 5.1"]);
    assert.deepEqual(explained("- **V1** Text.\n- **V2**\n- **DESIGN 5.1** Text.\n- **DESIGN** Text."), [
      "V1",
      "DESIGN 5.1",
      "DESIGN",
    ]);
  });
});
