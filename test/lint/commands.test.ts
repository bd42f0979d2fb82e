/** The commands of package.json: what npm tells them reaches them, and a mistake costs one line. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";

const root = path.join(import.meta.dirname, "../..");
const { scripts } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>;
};

describe("a command of package.json", () => {
  it("replaces its shell: a signal for npm reaches the program, not a shell that leaves it behind", () => {
    for (const [name, line] of Object.entries(scripts)) assert.match(line, /&& exec [^&|;]+$/, name);
  });

  const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["bench", ["--bogus"], /--only.*--bogus/],
    ["bench", ["--only", "nothing"], /--only.*nothing/],
    ["bench", ["--rounds", "many"], /--rounds.*many/],
    ["build", ["--bogus"], /--bogus/],
    ["check", ["--bogus"], /--bogus/],
    ["demo", ["--bogus"], /--direct.*--bogus/],
    ["demo", ["--direct=yes"], /--direct/],
    ["demo", ["bogus"], /bogus/],
    ["generate", ["--bogus"], /--bogus/],
    ["e2e", ["--bogus"], /--ci.*--bogus/],
    ["e2e", ["no-such-scenario"], /no-such-scenario/],
    ["external-storage", ["--at-once", "many"], /--at-once.*many/],
    ["external-storage", ["a", "b"], /FOCUS/],
    ["image", [], /--output is needed/],
    ["image", ["--bogus"], /--bogus/],
    ["manifests", ["--bogus"], /--check.*--bogus/],
    ["rounds", ["--bogus"], /--bogus/],
    ["sanity", ["--bogus"], /--backend.*--access.*--bogus/],
    ["sanity", ["--backend", "bogus"], /--backend.*bogus/],
    ["sanity", ["--access"], /--access/],
    ["test", ["--bogus"], /--bogus/],
    ["vm", [], /COMMAND.*a command is needed/],
    ["vm", ["--direct"], /a command is needed/],
    ["vm", ["--bogus", "true"], /--bogus/],
    ["vm", ["-x", "true"], /-x/],
    ["vm", ["--memory", "much", "true"], /--memory.*much/],
    ["vm", ["--memory", "", "true"], /--memory.*MiB/],
    ["vm", ["--disk", "4X", "true"], /--disk.*4X/],
    ["vm", ["--disk"], /--disk/],
  ];
  for (const [name, argv, pattern] of mistakes) {
    it(`ends with one usage line and status 2: ${name} ${argv.join(" ")}`, () => {
      const [, program = ""] = /exec node (.*)$/.exec(scripts[name] ?? "") ?? [];
      const { status, stderr, stdout } = spawnSync(process.execPath, [...program.split(" "), ...argv], {
        cwd: root,
        encoding: "utf8",
      });
      assert.match(stderr, /^usage: npm (?:run|test)[^\n]*\n$/);
      assert.match(stderr, pattern);
      assert.deepEqual([status, stdout], [2, ""]);
    });
  }
});
