import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { volumeIdOf, type ClusterId } from "../domain/identity.ts";
import type { Content } from "../domain/model.ts";
import { observeContent } from "./content.ts";
import type { VolumeRecord } from "./volume-record.ts";
import { volumeOf } from "./volume-view.ts";

const cluster = "c" as ClusterId;
const fresh: VolumeRecord = {
  schema: 4,
  layer: "file",
  id: volumeIdOf(cluster, "a"),
  cluster,
  name: "a",
  size: 335_544_320n,
  state: "ready",
  createdAt: "2026-01-01T00:00:00.000Z",
  content: { state: "blank" },
  blankSizes: [335_544_320n],
  lastEpoch: 0,
  publications: [],
  revoking: [],
};
const now = new Date("2026-02-03T04:05:06.789Z");
const seen = (type: string, uuid?: string): Content => ({
  state: "present",
  type,
  ...(uuid !== undefined && { uuid }),
});
const readings = fc.array(
  fc.oneof(
    fc.constant<Content>({ state: "blank" }),
    fc.constantFrom("ext4", "xfs", "unknown").map((type) => seen(type)),
    fc.uuid().map((uuid) => seen("ext4", uuid)),
  ),
  { maxLength: 20 },
);

describe("what a record learns from readings of its volume", () => {
  it("is never forgotten: after content, never blank again", () => {
    fc.assert(
      fc.property(readings, (history) => {
        let record = fresh;
        let hadContent = false;
        for (const reading of history) {
          record = observeContent(record, reading, now);
          hadContent ||= reading.state === "present";
          assert.equal(record.content.state, hadContent ? "present" : "blank");
        }
      }),
    );
  });

  it("notes a loss once, shows it, and takes it back when content is seen again", () => {
    const held = observeContent(fresh, seen("ext4"), now);
    const lost = observeContent(held, { state: "blank" }, now);
    assert.deepEqual(lost.content, held.content);
    assert.equal(lost.lossSeenAt, now.toISOString());
    assert.equal(observeContent(lost, { state: "blank" }, new Date()), lost, "the first time counts");
    assert.equal(volumeOf(lost).condition.abnormal, true);
    assert.match(volumeOf(lost).condition.message, /ext4.*2026-02-03/);
    const healed = observeContent(lost, seen("ext4"), now);
    assert.equal(healed.lossSeenAt, undefined);
    assert.equal(volumeOf(healed).condition.abnormal, false);
  });

  it("keeps a name when a reading in the middle of a write finds none", () => {
    const held = observeContent(fresh, seen("ext4", "7f000000-1111-4222-8333-444455556666"), now);
    assert.equal(observeContent(held, seen("unknown"), now), held);
  });

  it("takes a new name: what was unknown is known now, or somebody made another file system", () => {
    const unknown = observeContent(fresh, seen("unknown"), now);
    const known = observeContent(unknown, seen("ext4"), now);
    assert.deepEqual(known.content, seen("ext4"));
    assert.deepEqual(observeContent(known, seen("xfs"), now).content, seen("xfs"));
  });

  it("is the same record when there is nothing new, so that nothing is written", () => {
    assert.equal(observeContent(fresh, { state: "blank" }, now), fresh);
    const held = observeContent(fresh, seen("ext4"), now);
    assert.equal(observeContent(held, seen("ext4"), now), held);
  });
});

describe("a volume as others see it", () => {
  it("is abnormal when it could not be exported, with the reason", () => {
    assert.deepEqual(volumeOf(fresh, { fault: "its file is gone" }).condition, {
      abnormal: true,
      message: "its file is gone",
    });
    assert.equal(volumeOf(fresh).condition.abnormal, false);
  });
});
