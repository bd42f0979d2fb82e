import type { Scenario } from "../cluster/scenario.ts";
import { checkLedger, lastSaid, ledgerScript, writesOn } from "../support/pod-ledger.ts";
import { driverPod, install, namespace, onlyNode } from "../support/release.ts";
import { claim, podOn, remove, volumeOf } from "../support/workloads.ts";

export const scenario: Scenario = {
  title: "no write fails while the driver is killed and replaced, and while the kubelet restarts",
  ci: true,
  limitMs: 6 * 60_000,
  async run(cluster, signal) {
    await install(cluster, signal);
    await cluster.apply([claim("busy"), podOn("busy", "busy", ledgerScript)], signal);
    await cluster.waitForPod("busy", signal);
    await writesOn(cluster, "busy", signal);

    const ofDriver = [`pod/${driverPod}`, `--namespace=${namespace}`];
    const uid = await cluster.waitForField(ofDriver, "{.metadata.uid}", /./, signal);
    await cluster.kubectl(["delete", ...ofDriver, "--grace-period=0", "--force"], { signal });
    await cluster.waitForField(ofDriver, "{.metadata.uid}", new RegExp(`^(?!${uid})`), signal);
    await cluster.waitForPod(driverPod, signal, namespace);
    await writesOn(cluster, "busy", signal);

    await onlyNode(cluster).service("restart", "kubelet", signal);
    await writesOn(cluster, "busy", signal);
    await checkLedger(cluster, "busy", await lastSaid(cluster, "busy", signal), signal);

    // Both still serve: the volume can be given to another pod and taken back.
    await remove(cluster, ["pod/busy"], signal);
    await cluster.apply([podOn("reader", "busy")], signal);
    await cluster.waitForPod("reader", signal);
    const volume = await volumeOf(cluster, "busy", signal);
    await remove(cluster, ["pod/reader", "pvc/busy", `pv/${volume}`], signal);
  },
};
