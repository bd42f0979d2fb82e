import assert from "node:assert/strict";
import type { Scenario } from "../cluster/scenario.ts";
import { install, namespace, driverPod } from "../support/release.ts";

export const scenario: Scenario = {
  title: "helm install brings up the driver, which loads its modules and registers with the kubelet",
  ci: true,
  limitMs: 5 * 60_000,
  async run(cluster, signal) {
    assert.match(await install(cluster, signal), /kubectl/, "the notes name the next command");
    const again = await install(cluster, signal);
    assert.match(again, /STATUS: deployed/);
    const restarts = "{.status.containerStatuses[*].restartCount}";
    await cluster.waitForField([`pod/${driverPod}`, `--namespace=${namespace}`], restarts, /^0( 0)*$/, signal);
    await cluster.waitForField(["csidriver/csi.nvmetcp.dev"], "{.spec.attachRequired}", /^true$/, signal);
    await cluster.waitForField(
      ["csistoragecapacities", `--namespace=${namespace}`],
      "{.items[*].capacity}",
      /\d/,
      signal,
    );
  },
};
