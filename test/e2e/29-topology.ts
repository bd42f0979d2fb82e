/**
 * A pool with a place, and a driver that learns from its pod where its node is. Too long for each run of CI, as the release
 * is installed anew: the places of a class cannot be changed.
 */
import assert from "node:assert/strict";
import type { Cluster } from "../cluster/cluster.ts";
import type { Scenario } from "../cluster/scenario.ts";
import { assertNothingForbidden } from "../support/permissions.ts";
import { censusOf, current, install, namespace, onlyNode, uninstall, type Source } from "../support/release.ts";
import { claim, deleteClass, inPod, podOn, remove, retainClass, volumeOf } from "../support/workloads.ts";

const zone = "topology.kubernetes.io/zone";
const placed: Source = {
  ...current,
  set: {
    "topology.nodeLabels": [zone],
    "pools.default": { layer: "file", path: "/var/lib/nvmetcp-csi/pool", topology: { [zone]: "here" } },
    "storageClasses.delete.volumeBindingMode": "WaitForFirstConsumer",
    "storageClasses.retain.allowedTopologies": [{ matchLabelExpressions: [{ key: zone, values: ["elsewhere"] }] }],
  },
};

async function assertPlace(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const node = [`csinode/${onlyNode(cluster).name}`];
  const keys = '{.spec.drivers[?(@.name=="csi.nvmetcp.dev")].topologyKeys}';
  assert.equal(await cluster.waitForField(node, keys, /./, signal), JSON.stringify([zone]));
  const capacities = ["csistoragecapacities", `--namespace=${namespace}`];
  const place = `{.items[?(@.storageClassName=="${deleteClass}")].nodeTopology.matchLabels}`;
  assert.equal(await cluster.waitForField(capacities, place, /./, signal), JSON.stringify({ [zone]: "here" }));
}

async function assertVolume(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await cluster.apply([claim("placed"), podOn("near", "placed")], signal);
  await cluster.waitForPod("near", signal);
  assert.equal(await inPod(cluster, "near", "echo here > /data/file; cat /data/file", signal), "here");
  const volume = `pv/${await volumeOf(cluster, "placed", signal)}`;
  const affinity = await cluster.waitForField([volume], "{.spec.nodeAffinity.required}", /./, signal);
  const matchExpressions = [{ key: zone, operator: "In", values: ["here"] }];
  assert.deepEqual(JSON.parse(affinity), { nodeSelectorTerms: [{ matchExpressions }] });
  await remove(cluster, ["pod/near", "pvc/placed", volume], signal);
}

async function assertRefusal(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await cluster.apply([claim("far", { storageClassName: retainClass })], signal);
  const events = ["events", "--field-selector=involvedObject.name=far"];
  const refusal = /must name a place from which a pool can be reached/;
  await cluster.waitForField(events, "{.items[*].message}", refusal, signal);
  await remove(cluster, ["pvc/far"], signal);
}

export const scenario: Scenario = {
  title: "a volume is made where its class and its pod allow, and binds its pods to that place",
  ci: false,
  limitMs: 8 * 60_000,
  async run(cluster, signal) {
    const node = onlyNode(cluster);
    await uninstall(cluster, signal);
    await cluster.kubectl(["label", "node", node.name, `${zone}=here`], { signal });
    await install(cluster, signal, placed);
    await assertPlace(cluster, signal);
    await assertVolume(cluster, signal);
    await assertRefusal(cluster, signal);
    await assertNothingForbidden(cluster, ["provisioner"], signal);
    assert.deepEqual(await censusOf(node), []);
    await uninstall(cluster, signal);
    await cluster.kubectl(["label", "node", node.name, `${zone}-`], { signal });
  },
};
