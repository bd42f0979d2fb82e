import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isReachable, parseSegments, preferenceOf, satisfiesTopology } from "./topology.ts";

const [a, b] = [{ zone: "a" }, { zone: "b" }];
const none = { requisite: [], preferred: [] };

describe("a place", () => {
  it("is reachable from where all its segments are, whatever else is there", () => {
    assert.ok(isReachable(a, { zone: "a", rack: "1" }));
    assert.ok(!isReachable({ zone: "a", rack: "2" }, { zone: "a", rack: "1" }));
    assert.ok(!isReachable(a, {}));
    assert.ok(isReachable({}, b), "one without segments is reachable from everywhere");
  });

  it("satisfies one of the requisites, or of the preferred ones where nothing is requisite", () => {
    assert.ok(satisfiesTopology(a, none));
    assert.ok(satisfiesTopology(a, { requisite: [b, a], preferred: [b] }));
    assert.ok(!satisfiesTopology(a, { requisite: [b], preferred: [a] }));
    assert.ok(!satisfiesTopology(a, { requisite: [], preferred: [b] }));
  });

  it("is the better the earlier it is preferred", () => {
    const wanted = { requisite: [a, b], preferred: [b, a] };
    assert.deepEqual(
      [preferenceOf(b, wanted), preferenceOf(a, wanted), preferenceOf({ zone: "c" }, wanted)],
      [0, 1, 2],
    );
  });
});

describe("the segments of a node", () => {
  it("are written as labels are", () => {
    const zone = "topology.kubernetes.io/zone";
    assert.deepEqual(parseSegments(`${zone}=eu-1,rack=7`), { [zone]: "eu-1", rack: "7" });
    for (const text of [
      "zone",
      "zone=",
      "=a",
      "zone=a=b",
      "zone=a,",
      "zone=a,zone=b",
      "Prefix/zone=a",
      "zone= a",
      "a/b/c=d",
    ]) {
      assert.equal(parseSegments(text), undefined, text);
    }
  });
});
