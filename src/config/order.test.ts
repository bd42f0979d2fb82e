import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadOrder, settingsOf } from "./order.ts";

const cluster = ["--cluster-id", "c"];

describe("the orders of a person", () => {
  it("are an order, a pool and what it takes", () => {
    const adoption = loadOrder(["adopt", "default", "--pool", "/disk", "--node-name", "n"], {});
    assert.deepEqual([adoption.order, adoption.pool, adoption.nodeName], ["adopt", "default", "n"]);
    assert.deepEqual(settingsOf(adoption).layer, "file");
    const importation = loadOrder(["import", "default", "pvc-1", "/disk/old.img", ...cluster], {});
    const { name, original, clusterId } = importation.order === "import" ? importation : assert.fail();
    assert.deepEqual([name, original, clusterId], ["pvc-1", "/disk/old.img", "c"]);
    const undeletion = loadOrder(["undelete", "default", "nvmet/v1-1"], {});
    assert.equal(undeletion.order === "undelete" && undeletion.volume, "nvmet/v1-1");
    assert.equal(loadOrder(["deleted", "default"], {}).order, "deleted");
  });

  it("may be for a pool that only the driver knows, but for the one that no driver serves", () => {
    const order = loadOrder(["deleted", "slow"], {});
    assert.equal(order.pool, "slow");
    assert.throws(() => settingsOf(order), { message: /deleted must be followed by one of default; got "slow"/ });
  });

  for (const [words, says] of [
    [["adopt"], /adopt must be followed by one of default/],
    [["adopt", "slow"], /adopt must be followed by one of default/],
    [["adopt", "default", "slow"], /adopt takes the name of a pool;/],
    [["import", "default", "pvc-1"], /import takes the name of a pool, the name of the volume, what to make it of;/],
    [["import", "default", "pvc-1", "/a", "/b"], /import takes the name of a pool/],
    [["undelete", "default"], /undelete takes the name of a pool, the volume;/],
    [["deleted"], /deleted must be followed by one of default/],
    [["deleted", "default", "more"], /deleted takes the name of a pool;/],
    [["destroy", "default"], /the order must be one of adopt, import, undelete, deleted/],
  ] as const) {
    it(`are refused as ${words.join(" ")}`, () => {
      assert.throws(() => loadOrder(words, {}), { kind: "invalid_argument", message: says });
    });
  }
});
