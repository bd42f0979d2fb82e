import assert from "node:assert/strict";
import type { Cluster } from "../cluster/cluster.ts";
import type { Scenario } from "../cluster/scenario.ts";
import { censusOf, install, onlyNode } from "../support/release.ts";
import { claimSpec, dataContainer, inPod, plainPod, remove, volumeOf } from "../support/workloads.ts";

const name = "ledger";
const labels = { app: name };

/** Each replica appends its name at each start. */
function statefulSet(generation: string): object {
  const container = dataContainer('echo "$POD" >> /data/starts; sync; sleep inf');
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name },
    spec: {
      serviceName: name,
      replicas: 3,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { generation } },
        spec: { ...plainPod, containers: [container] },
      },
      volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claimSpec() }],
    },
  };
}

async function settled(cluster: Cluster, replicas: number, signal: AbortSignal): Promise<void> {
  await cluster.kubectl(["rollout", "status", `statefulset/${name}`, "--timeout=0"], { signal });
  await cluster.waitForField([`statefulset/${name}`], "{.status.readyReplicas}", new RegExp(`^${replicas}$`), signal);
}

async function scale(cluster: Cluster, replicas: number, signal: AbortSignal): Promise<void> {
  await cluster.kubectl(["scale", `statefulset/${name}`, `--replicas=${replicas}`], { signal });
}

/** Every start of a replica, by the replica's own volume. */
async function starts(cluster: Cluster, index: number, signal: AbortSignal): Promise<readonly string[]> {
  return (await inPod(cluster, `${name}-${index}`, "cat /data/starts", signal)).split("\n");
}

export const scenario: Scenario = {
  title: "a StatefulSet scales and rolls, and each replica keeps its own data",
  ci: true,
  limitMs: 10 * 60_000,
  async run(cluster, signal) {
    await install(cluster, signal);
    await cluster.apply([statefulSet("1")], signal);
    await settled(cluster, 3, signal);
    await scale(cluster, 5, signal);
    await settled(cluster, 5, signal);
    await scale(cluster, 3, signal);
    await cluster.waitForAbsence([`pod/${name}-3`, `pod/${name}-4`], signal);
    await cluster.apply([statefulSet("2")], signal);
    await settled(cluster, 3, signal);
    for (const index of [0, 1, 2]) {
      assert.deepEqual(await starts(cluster, index, signal), [`${name}-${index}`, `${name}-${index}`]);
    }
    await scale(cluster, 5, signal);
    await settled(cluster, 5, signal);
    assert.equal((await starts(cluster, 4, signal)).length, 2, "scaling down kept the claim and its data");

    await remove(cluster, [`statefulset/${name}`], signal);
    const claims = Array.from({ length: 5 }, (_, index) => `data-${name}-${index}`);
    await cluster.waitForAbsence(
      claims.map((_, index) => `pod/${name}-${index}`),
      signal,
    );
    const volumes = await Promise.all(claims.map(async (one) => volumeOf(cluster, one, signal)));
    await remove(cluster, [...claims.map((one) => `pvc/${one}`), ...volumes.map((one) => `pv/${one}`)], signal);
    assert.deepEqual(await censusOf(onlyNode(cluster)), []);
  },
};
