/**
 * Attacks by path: whatever a staging or target path says, and whatever lies there, the host outside the folder that the
 * driver was given stays as it is, down to the times of its directories.
 */
import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { buildMutant } from "../../support/mutant.ts";
import { openPlace, type Place } from "./attack.ts";
import { whileSwapping } from "./swap.ts";

const calls = ["stage", "unstage", "publish", "publishFrom", "unpublish"] as const;

/** Paths that are no paths, each from the folders inside and outside. */
const malformed: Readonly<Record<string, (inside: string, outside: string) => string>> = {
  "..": (inside, outside) => `${inside}/../${path.basename(outside)}/empty`,
  ".. at the end": (inside) => `${inside}/pod/..`,
  "more .. than directories": (_, outside) => `/${"../".repeat(40)}${outside.slice(1)}/empty`,
  "a dot": (_, outside) => `${outside}/./empty`,
  "two slashes": (_, outside) => `/${outside}/empty`,
  "a slash at the end": (_, outside) => `${outside}/empty/`,
  "a newline": (_, outside) => `${outside}/empty\n`,
  "a NUL": (_, outside) => `${outside}/empty\0.txt`,
  "a leading dash": () => "-rf",
  "a leading dash and a path": (_, outside) => `-o,${outside}/empty`,
  "no leading slash": (_, outside) => path.relative("/", `${outside}/empty`),
  "a home directory": () => "~/empty",
  "the root": () => "/",
};

describe("a path of a request", { timeout: 120_000 }, () => {
  let place: Place;
  let untouched: readonly string[];
  before(async () => {
    place = await openPlace({ signal: AbortSignal.timeout(30_000) });
    untouched = await place.look();
  });
  after(async () => place[Symbol.asyncDispose]());

  for (const [what, make] of Object.entries(malformed)) {
    it(`with ${what} is refused by each RPC that has one`, async () => {
      for (const call of calls) {
        const { outcome, message } = await place[call](make(place.inside, place.outside));
        assert.equal(outcome, "INVALID_ARGUMENT", `${call}: ${message}`);
        assert.match(message, /(staging_target|target)_path must .*; got "/);
      }
      assert.deepEqual(await place.look(), untouched);
    });
  }

  it("of a growth is where a volume is mounted, letter for letter, and no other way to that place", async () => {
    const { inside, outside } = place;
    const { target, staging } = place.world.paths;
    const pod = path.dirname(target);
    await symlink(target, path.join(inside, "link-to-target"));
    const others = [
      ...Object.values(malformed).map((make) => make(inside, outside)),
      ...[`${target}/`, `${target}/.`, `${pod}//mount`, `${pod}/./mount`, `${pod}/../pod/mount`, `${target}\n`],
      ...[path.relative("/", target), `${target}/inside`, pod, path.join(inside, "link-to-target")],
      ...["empty", "file", "staging"].map((name) => path.join(inside, "link", name)),
      ...[`/proc/self/root${target}`, "/dev/null", path.join(outside, "staging")],
    ];
    for (const at of others) {
      const { outcome, message } = await place.expand(at);
      assert.ok(outcome === "NOT_FOUND" || outcome === "INVALID_ARGUMENT", `${at}: ${outcome} ${message}`);
      assert.match(message, /volume_path must .*; got "/);
    }
    for (const at of [target, staging]) assert.equal((await place.expand(at)).outcome, "OK", at);
    assert.deepEqual(await place.look(), untouched);
  });

  it("may have names that look like options and commands, and they are nothing but names", async () => {
    for (const name of ["-rf", "--help", "-o remount,ro", "$(reboot)", "a;b", "*", "üñí 名", " "]) {
      const target = path.join(place.inside, "pod", name);
      for (const kind of ["mount", "block"] as const) {
        assert.equal((await place.publish(target, kind)).outcome, "OK", name);
        assert.equal((await place.unpublish(target)).outcome, "OK", name);
      }
    }
  });

  const links: Readonly<Record<string, string>> = {
    "is a link to a directory": "empty",
    "is a link to a file": "file",
    "is a link to nothing": "nothing",
  };
  for (const [what, name] of Object.entries(links)) {
    it(`that ${what} is refused, and nothing happens behind the link`, async () => {
      const at = path.join(place.inside, `link-to-${name}`);
      await symlink(path.join(place.outside, name), at);
      for (const call of ["stage", "publish", "publishFrom", "unpublish"] as const) {
        const { outcome, message } = await place[call](at);
        assert.equal(outcome, "FAILED_PRECONDITION", `${call}: ${message}`);
      }
      assert.equal((await place.unstage(at)).outcome, "OK");
      assert.deepEqual(await place.look(), untouched);
    });
  }

  for (const name of ["empty", "file", "new"]) {
    it(`that leads through a link to ${name} is refused, and nothing happens behind the link`, async () => {
      for (const call of ["stage", "publish", "publishFrom"] as const) {
        const { outcome, message } = await place[call](path.join(place.inside, "link", name));
        assert.equal(outcome, "FAILED_PRECONDITION", `${call}: ${message}`);
      }
      assert.deepEqual(await place.look(), untouched);
    });
  }

  it("whose directory becomes a link and a directory again while stages run stays inside", async () => {
    const staging = path.join(place.inside, "pod", "staging");
    await mkdir(staging);
    const outcomes: string[] = [];
    await whileSwapping(place, path.dirname(staging), async () => {
      for (let round = 0; round < 100; round += 1) outcomes.push((await place.stage(staging)).outcome);
      await place.unstage(staging);
    });
    assert.ok(!outcomes.includes("INTERNAL"), outcomes.join(" "));
    assert.deepEqual(await place.look(), untouched);
  });
});

describe("the test of links", { timeout: 120_000 }, () => {
  it("fails for a driver that follows them", async (t) => {
    const replace = "if (directory.real !== dirname(path)) throw linked(path, directory.real);";
    const folder = await buildMutant({ name: "links", file: "src/filesystem/target-paths.ts", replace, by: "" });
    const main = path.join(import.meta.dirname, "../../..", folder, "main.js");
    await using place = await openPlace({ main, signal: t.signal });
    const untouched = await place.look();
    assert.equal((await place.publish(path.join(place.inside, "link", "new"))).outcome, "OK");
    assert.notDeepEqual(await place.look(), untouched);
  });
});
