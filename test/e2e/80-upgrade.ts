import assert from "node:assert/strict";
import type { Scenario } from "../cluster/scenario.ts";
import { checkLedger, lastSaid, ledgerScript, writesOn } from "../support/pod-ledger.ts";
import { previousRelease } from "../support/previous-release.ts";
import { censusOf, driverPod, install, namespace, onlyNode, uninstall } from "../support/release.ts";
import { claim, podOn, remove, volumeOf } from "../support/workloads.ts";

const image = '{.spec.containers[?(@.name=="driver")].image}';

export const scenario: Scenario = {
  title: "helm upgrade from the previous commit: no write fails, and the new driver serves the old one's volume",
  ci: true,
  previous: true,
  limitMs: 8 * 60_000,
  async run(cluster, signal) {
    await uninstall(cluster, signal);
    const previous = await previousRelease(console.log, signal);
    await install(cluster, signal, previous);
    const ofDriver = [`pod/${driverPod}`, `--namespace=${namespace}`];
    await cluster.waitForField(ofDriver, image, new RegExp(`:${previous.tag}$`), signal);
    await cluster.apply([claim("old"), podOn("busy", "old", ledgerScript)], signal);
    await cluster.waitForPod("busy", signal);
    await writesOn(cluster, "busy", signal);

    await install(cluster, signal);
    await cluster.waitForField(ofDriver, image, new RegExp(`^(?!.*:${previous.tag}$)`), signal);
    await writesOn(cluster, "busy", signal);
    const said = await lastSaid(cluster, "busy", signal);
    await remove(cluster, ["pod/busy"], signal);
    await cluster.waitForAbsence(["volumeattachments"], signal);

    await cluster.apply([podOn("next", "old", ledgerScript)], signal);
    await cluster.waitForPod("next", signal);
    await writesOn(cluster, "next", signal);
    await checkLedger(cluster, "next", said, signal);
    const volume = await volumeOf(cluster, "old", signal);
    await remove(cluster, ["pod/next", "pvc/old", `pv/${volume}`], signal);
    assert.deepEqual(await censusOf(onlyNode(cluster)), []);
  },
};
