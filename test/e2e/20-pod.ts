import assert from "node:assert/strict";
import type { Scenario } from "../cluster/scenario.ts";
import { censusOf, install, onlyNode } from "../support/release.ts";
import { claim, inPod, podOn, remove, volumeOf } from "../support/workloads.ts";

export const scenario: Scenario = {
  title: "a claim becomes a volume, and its data is there for the next pod; nothing is left when it has gone",
  ci: true,
  limitMs: 5 * 60_000,
  async run(cluster, signal) {
    await install(cluster, signal);
    await cluster.apply([claim("notes"), podOn("first", "notes")], signal);
    await cluster.waitForPod("first", signal);
    const written = await inPod(
      cluster,
      "first",
      "dd if=/dev/urandom of=/data/file bs=1M count=8 status=none; sync; sha256sum /data/file",
      signal,
    );
    await remove(cluster, ["pod/first"], signal);
    await cluster.apply([podOn("second", "notes")], signal);
    await cluster.waitForPod("second", signal);
    assert.equal(await inPod(cluster, "second", "sha256sum /data/file", signal), written);
    const volume = await volumeOf(cluster, "notes", signal);
    await remove(cluster, ["pod/second", "pvc/notes", `pv/${volume}`], signal);
    assert.deepEqual(await censusOf(onlyNode(cluster)), []);
  },
};
