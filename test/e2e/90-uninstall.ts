import assert from "node:assert/strict";
import type { Scenario } from "../cluster/scenario.ts";
import { censusOf, install, onlyNode, uninstall } from "../support/release.ts";
import { claim, inPod, podOn, remove, volumeOf } from "../support/workloads.ts";

export const scenario: Scenario = {
  title: "helm uninstall keeps the data and says so, and the next install finds it",
  ci: true,
  limitMs: 6 * 60_000,
  async run(cluster, signal) {
    await install(cluster, signal);
    await cluster.apply([claim("left"), podOn("writer", "left")], signal);
    await cluster.waitForPod("writer", signal);
    const written = await inPod(
      cluster,
      "writer",
      "dd if=/dev/urandom of=/data/file bs=1M count=1 status=none; sync; sha256sum /data/file",
      signal,
    );
    const volume = await volumeOf(cluster, "left", signal);
    await remove(cluster, ["pod/writer"], signal);
    // Only the driver can unmount: the kubelet has to have asked it before it goes.
    await cluster.waitForAbsence(["volumeattachments"], signal);
    assert.match(await uninstall(cluster, signal), /data-is-kept/);
    const left = await censusOf(onlyNode(cluster));
    assert.ok(left.every((line) => line.startsWith("pool: ")) && left.length === 2, left.join("\n"));

    await install(cluster, signal);
    await cluster.apply([podOn("reader", "left")], signal);
    await cluster.waitForPod("reader", signal);
    assert.equal(await inPod(cluster, "reader", "sha256sum /data/file", signal), written);
    await remove(cluster, ["pod/reader", "pvc/left", `pv/${volume}`], signal);
    await uninstall(cluster, signal);
    assert.deepEqual(await censusOf(onlyNode(cluster)), []);
  },
};
