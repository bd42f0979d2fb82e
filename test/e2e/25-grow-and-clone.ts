import assert from "node:assert/strict";
import type { Scenario } from "../cluster/scenario.ts";
import { censusOf, install, onlyNode } from "../support/release.ts";
import { claim, inPod, podOn, remove, volumeOf } from "../support/workloads.ts";

const write = "dd if=/dev/urandom of=/data/file bs=1M count=8 status=none; sync; sha256sum /data/file";
const sizeInMiB = "df -m /data | tail -n 1 | awk '{ print $2 }'";

export const scenario: Scenario = {
  title: "a claim grows while its pod uses it, and a claim that is its copy is larger and outlives it",
  ci: true,
  limitMs: 6 * 60_000,
  async run(cluster, signal) {
    await install(cluster, signal);
    await cluster.apply([claim("small"), podOn("user", "small")], signal);
    await cluster.waitForPod("user", signal);
    const written = await inPod(cluster, "user", write, signal);
    const larger = { spec: { resources: { requests: { storage: "640Mi" } } } };
    await cluster.kubectl(["patch", "pvc/small", `--patch=${JSON.stringify(larger)}`], { signal });
    await cluster.waitForField(["pvc/small"], "{.status.capacity.storage}", /^640Mi$/, signal);
    assert.ok(Number(await inPod(cluster, "user", sizeInMiB, signal)) > 500);
    assert.equal(await inPod(cluster, "user", "sha256sum /data/file", signal), written);

    const source = { kind: "PersistentVolumeClaim", name: "small" };
    await cluster.apply([claim("copy", { mebibytes: 960, dataSource: source }), podOn("reader", "copy")], signal);
    await cluster.waitForPod("reader", signal);
    const volumes = [await volumeOf(cluster, "small", signal), await volumeOf(cluster, "copy", signal)];
    await remove(cluster, ["pod/user", "pvc/small", `pv/${volumes[0]}`], signal);
    assert.equal(await inPod(cluster, "reader", "sha256sum /data/file", signal), written);
    assert.ok(Number(await inPod(cluster, "reader", sizeInMiB, signal)) > 800);
    await remove(cluster, ["pod/reader", "pvc/copy", `pv/${volumes[1]}`], signal);
    assert.deepEqual(await censusOf(onlyNode(cluster)), []);
  },
};
