import assert from "node:assert/strict";
import type { Scenario } from "../cluster/scenario.ts";
import { censusOf, install, onlyNode } from "../support/release.ts";
import { claim, remove, volumeOf } from "../support/workloads.ts";

export const scenario: Scenario = {
  title: "a claim for which the pool has no room says why",
  ci: true,
  limitMs: 4 * 60_000,
  async run(cluster, signal) {
    await install(cluster, signal);
    const [free = "0"] = (
      await onlyNode(cluster).exec(["stat", "--file-system", "--format=%a %S", "/var/lib/nvmetcp-csi/pool"])
    ).stdout.split("\n");
    const [blocks = 0, size = 0] = free.split(" ").map(Number);
    const mebibytes = Math.floor(((blocks * size) / 2 ** 20) * 0.6);
    await cluster.apply([claim("fits", { mebibytes })], signal);
    const volume = await volumeOf(cluster, "fits", signal);
    await cluster.apply([claim("too-large", { mebibytes })], signal);
    const events = ["events", "--field-selector=involvedObject.name=too-large,reason=PoolFull"];
    await cluster.waitForField(events, "{.items[0].message}", /the pool has room for \d+ bytes/, signal);
    await remove(cluster, ["pvc/too-large", "pvc/fits", `pv/${volume}`], signal);
    assert.deepEqual(await censusOf(onlyNode(cluster)), []);
  },
};
