import assert from "node:assert/strict";
import type { Scenario } from "../cluster/scenario.ts";
import { checkLedger, lastSaid, ledgerScript, writesOn } from "../support/pod-ledger.ts";
import { censusOf, driverPod, install, namespace, onlyNode } from "../support/release.ts";
import { claim, podOn, remove, volumeOf } from "../support/workloads.ts";

export const scenario: Scenario = {
  title: "after a power loss of the machine its pods come back by themselves, with every write that was on the disk",
  ci: true,
  limitMs: 8 * 60_000,
  async run(cluster, signal) {
    await install(cluster, signal);
    const node = onlyNode(cluster);
    await cluster.apply([claim("durable"), podOn("durable", "durable", ledgerScript)], signal);
    await cluster.waitForPod("durable", signal);
    await writesOn(cluster, "durable", signal);
    const said = await lastSaid(cluster, "durable", signal);
    await node.reset(signal);
    await cluster.waitForNode(node, signal);
    await cluster.waitForPod(driverPod, signal, namespace);
    const restarts = "{.status.containerStatuses[0].restartCount}";
    await cluster.waitForField(["pod/durable"], restarts, /^[1-9]/, signal);
    await cluster.waitForPod("durable", signal);
    await writesOn(cluster, "durable", signal);
    await checkLedger(cluster, "durable", said, signal);
    const volume = await volumeOf(cluster, "durable", signal);
    await remove(cluster, ["pod/durable", "pvc/durable", `pv/${volume}`], signal);
    assert.deepEqual(await censusOf(node), []);
  },
};
