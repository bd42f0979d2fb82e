import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseThinStatus } from "./thin-status.ts";

/** As dmsetup of Debian 13 prints it. */
const output = `vg0-tp: 0 4194304 linear
vg0-tp-tpool: 0 4194304 thin-pool 4 114/1024 3/32768 - rw discard_passdown queue_if_no_space - 256
vg0-tp_tdata: 0 4194304 linear
vg0-v1--abc: 0 655360 thin 384 383
vg0-v1--blank: 0 655360 thin 0 -
vg0-v1--dead: 0 655360 thin Fail
gone-tpool: 0 4194304 thin-pool Fail
`;

describe("what dmsetup says of thin volumes", () => {
  it("is how much of each is mapped, to the sector", () => {
    const { volumes } = parseThinStatus(output);
    assert.deepEqual(
      [...volumes],
      [
        ["vg0-v1--abc", 196_608n],
        ["vg0-v1--blank", 0n],
      ],
    );
  });

  it("is how full a pool is, and whether it takes writes", () => {
    const { pools } = parseThinStatus(output);
    const rw = {
      usedMetadata: 114n,
      metadata: 1024n,
      usedBlocks: 3n,
      blocks: 32_768n,
      mode: "rw",
      passesDiscards: true,
    };
    assert.deepEqual(pools.get("vg0-tp-tpool"), rw);
    assert.equal(pools.get("gone-tpool")?.mode, "Fail");
    const keeping = output.replace("discard_passdown", "no_discard_passdown");
    assert.equal(parseThinStatus(keeping).pools.get("vg0-tp-tpool")?.passesDiscards, false);
  });

  it("is never taken for nothing where it cannot be read", () => {
    assert.throws(() => parseThinStatus("vg0-v1: 0 655360 thin -"), { kind: "unavailable" });
    assert.throws(() => parseThinStatus("p: 0 1 thin-pool 4 114/1024 -/1 - rw"), { kind: "unavailable" });
  });
});
