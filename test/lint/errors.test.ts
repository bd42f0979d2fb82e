/** docs/errors.md explains every kind of failure and every sentence that the driver has, and no other. */
import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { codeOf, toStatus } from "../../src/csi/status.ts";
import { DomainError, isFinal, type ErrorKind } from "../../src/domain/errors.ts";
import { failurePhrases, phrasesIn } from "../support/failure-phrases.ts";
import { rowsUnder } from "../support/markdown-tables.ts";

const root = path.join(import.meta.dirname, "../..");
const page = await readFile(path.join(root, "docs/errors.md"), "utf8");

/** The kinds, in the order of the type. */
async function kinds(): Promise<readonly ErrorKind[]> {
  const text = await readFile(path.join(root, "src/domain/errors.ts"), "utf8");
  const [, union = ""] = /export type ErrorKind =(.*?);\n/s.exec(text) ?? [];
  return [...union.matchAll(/^ {2}\| "(\w+)"/gm)].map(([, kind]) => kind as ErrorKind);
}

describe("docs/errors.md", () => {
  it("has every kind of failure with its code, and whether it is a last word", async () => {
    const expected = (await kinds()).map((kind) => [
      kind,
      status[codeOf(kind)],
      isFinal(new DomainError(kind, "")) ? "yes" : "no",
    ]);
    assert.ok(expected.length > 10, "the kinds are found");
    assert.deepEqual(
      rowsUnder(page, "kind").map((row) => row.slice(0, 3)),
      expected,
    );
  });

  it("has every sentence of the driver once, and none that has gone", async () => {
    const phrases = await failurePhrases(root);
    const documented = rowsUnder(page, "cannot").map(([phrase = ""]) => phrase);
    const missing = [...phrases].filter(([phrase]) => !documented.includes(phrase));
    assert.deepEqual(missing, [], "sentences without a line on what to do, and the files that have them");
    assert.deepEqual(
      documented.filter((phrase) => !phrases.has(phrase)),
      [],
      "lines on sentences that have gone",
    );
    assert.equal(new Set(documented).size, documented.length, "one line for each");
  });

  it("quotes nothing that the driver does not say", async () => {
    const texts: string[] = [];
    for await (const file of glob("src/**/*.ts", { cwd: root, exclude: ["src/gen/**", "src/**/*.test.ts"] })) {
      texts.push(await readFile(path.join(root, file), "utf8"));
    }
    const advice = rowsUnder(page, "cannot").map(([, words = ""]) => words);
    const quoted = advice.flatMap((words) => [...words.matchAll(/"([^"]+)"/g)].map(([, quote = ""]) => quote));
    assert.ok(quoted.length > 10, "the quotations are found");
    const parts = quoted.flatMap((quote) => quote.split("…")).map((part) => part.trim());
    assert.deepEqual(
      parts.filter((part) => !texts.some((text) => text.includes(part))),
      [],
    );
  });

  it("says something in every cell", () => {
    for (const row of [...rowsUnder(page, "kind"), ...rowsUnder(page, "cannot")]) {
      assert.ok(!row.includes(""), row.join(" | "));
    }
  });

  it("has what is said of errors that have no kind", () => {
    const failed = Object.assign(new Error(), { syscall: "<call>", path: "<path>", code: "ENOSPC" });
    const errors = [failed, new DOMException("", "TimeoutError"), new DOMException("", "AbortError"), new Error()];
    const paragraph =
      page
        .split("\n\n")
        .find((part) => part.startsWith("Besides:"))
        ?.replaceAll("\n", " ") ?? "";
    for (const { code, message } of errors.map(toStatus)) {
      assert.ok(paragraph.includes(`\`${message.replace(/[0-9a-f-]{36}/, "<id>")}\``), message);
      assert.ok(paragraph.includes(`\`${status[code]}\``), message);
    }
  });

  it("is linked from README.md", async () => {
    assert.match(await readFile(path.join(root, "README.md"), "utf8"), /\]\(docs\/errors\.md\)/);
  });
});

describe("the reader of sentences", () => {
  it("finds them where they are written, whichever way they come to a failure", () => {
    const text = [
      'failure("busy", { cannot: "sleep", rule });',
      "failure(kind, { cannot: `mount ${a} on ${b}`, rule });",
      "const cannot = `use ${path}`;",
      'throw failure("busy", { cannot, rule });',
      'class A { async #ask(cannot: string, n: number) { await this.#ask("read it", 1); other("no"); } }',
      "function unexpected(n: number, cannot: string) { unexpected(1, cannot); }",
    ].join("\n");
    assert.deepEqual(phrasesIn("a.ts", text), ["sleep", "mount … on …", "use …", "read it"]);
  });

  it("does not pass over one that it cannot read", () => {
    assert.throws(() => phrasesIn("a.ts", "failure(kind, { cannot: words(), rule });"), /a\.ts: .* got words\(\)/);
  });
});
