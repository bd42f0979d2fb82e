/** Attacks by links to places that a target path leads through: also there nothing outside is made or removed. */
import assert from "node:assert/strict";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { openPlace, type Place } from "./attack.ts";
import { whileSwapping } from "./swap.ts";

async function open(t: TestContext): Promise<{ readonly place: Place; readonly untouched: readonly string[] }> {
  const place = await openPlace({ signal: AbortSignal.timeout(30_000) });
  t.after(async () => place[Symbol.asyncDispose]());
  return { place, untouched: await place.look() };
}

describe("a target path that leads through a link", { timeout: 120_000 }, () => {
  for (const name of ["empty", "file"]) {
    it(`does not make an unpublish remove ${name} behind it`, async (t) => {
      const { place, untouched } = await open(t);
      const { outcome, message } = await place.unpublish(path.join(place.inside, "link", name));
      assert.deepEqual(await place.look(), untouched);
      assert.equal(outcome, "FAILED_PRECONDITION", message);
    });
  }

  it("does not make a publish create the directory above it", async (t) => {
    const { place, untouched } = await open(t);
    const { outcome, message } = await place.publish(path.join(place.inside, "link", "new", "mount"));
    assert.deepEqual(await place.look(), untouched);
    assert.equal(outcome, "FAILED_PRECONDITION", message);
  });

  for (const kind of ["mount", "block"] as const) {
    for (const depth of [1, 2]) {
      it(`of ${depth} directories for a while only stays inside while publishes run (${kind})`, async (t) => {
        const { place, untouched } = await open(t);
        const outcomes = await publishInto(place, kind, depth);
        assert.deepEqual(await place.look(), untouched);
        assert.ok(outcomes.has("OK") && !outcomes.has("INTERNAL"), [...outcomes].join(" "));
      });
    }
  }
});

/** Publishes and unpublishes below a directory that is a link to the outside every other moment. */
async function publishInto(place: Place, kind: "mount" | "block", depth: number): Promise<ReadonlySet<string>> {
  const pod = path.join(place.inside, "pod");
  const target = path.join(pod, ...["a", "b"].slice(0, depth));
  const outcomes = new Set<string>();
  await whileSwapping(place, pod, async () => {
    for (let round = 0; round < 200; round += 1) {
      outcomes.add((await place.publish(target, kind)).outcome);
      outcomes.add((await place.unpublish(target)).outcome);
    }
  });
  return outcomes;
}
