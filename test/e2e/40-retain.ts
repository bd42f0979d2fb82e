import assert from "node:assert/strict";
import type { Scenario } from "../cluster/scenario.ts";
import { censusOf, driverPod, install, namespace, onlyNode } from "../support/release.ts";
import { claim, inPod, podOn, remove, retainClass, volumeOf } from "../support/workloads.ts";

export const scenario: Scenario = {
  title: "a retained volume outlives its claim, and a new claim finds its data, unformatted",
  ci: true,
  limitMs: 5 * 60_000,
  async run(cluster, signal) {
    await install(cluster, signal);
    await cluster.apply([claim("kept", { storageClassName: retainClass }), podOn("writer", "kept")], signal);
    await cluster.waitForPod("writer", signal);
    const script = "dd if=/dev/urandom of=/data/file bs=1M count=4 status=none; sync; sha256sum /data/file";
    const written = await inPod(cluster, "writer", script, signal);
    const volumeName = await volumeOf(cluster, "kept", signal);
    await remove(cluster, ["pod/writer", "pvc/kept"], signal);
    // Else the kubelet gives the mount that it still has to the next pod.
    await cluster.waitForAbsence(["volumeattachments"], signal);
    await cluster.waitForField([`pv/${volumeName}`], "{.status.phase}", /^Released$/, signal);
    assert.ok(
      (await censusOf(onlyNode(cluster))).some((line) => line.startsWith("pool: ")),
      "the volume is there",
    );

    const free = JSON.stringify([{ op: "remove", path: "/spec/claimRef" }]);
    await cluster.kubectl(["patch", `pv/${volumeName}`, "--type=json", `--patch=${free}`], { signal });
    await cluster.apply(
      [claim("again", { storageClassName: retainClass, volumeName }), podOn("reader", "again")],
      signal,
    );
    await cluster.waitForPod("reader", signal);
    assert.equal(await inPod(cluster, "reader", "sha256sum /data/file", signal), written);
    const log = await cluster.kubectl(["logs", driverPod, "--container=driver", `--namespace=${namespace}`], {
      signal,
    });
    const stages = log.split("\n").filter((line) => line.includes('"rpc":"NodeStageVolume"'));
    assert.match(stages.at(-1) ?? "", /checked and mounted/);

    await remove(cluster, ["pod/reader"], signal);
    // Reclaim by hand, as for every retained volume: the class of the volume decides, so it is changed first.
    const reclaim = JSON.stringify({ spec: { persistentVolumeReclaimPolicy: "Delete" } });
    await cluster.kubectl(["patch", `pv/${volumeName}`, `--patch=${reclaim}`], { signal });
    await remove(cluster, ["pvc/again", `pv/${volumeName}`], signal);
    assert.deepEqual(await censusOf(onlyNode(cluster)), []);
  },
};
