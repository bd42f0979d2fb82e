import assert from "node:assert/strict";
import { join } from "node:path";
import { renderText, valuesFiles } from "../chart/render.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Scenario } from "../cluster/scenario.ts";
import { installSnapshotCrds, removeSnapshotCrds } from "../cluster/snapshot-controller.ts";
import { install, namespace, uninstall, withSnapshots } from "../support/release.ts";

const deploy = join(import.meta.dirname, "../../deploy");

const dryRun = ["apply", "--dry-run=server", "--validate=strict", "--output=name"] as const;

/** Nobody gets a driver whose VolumeSnapshots can only wait. */
async function assertNoSnapshotsYet(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const refusal =
    /snapshots\.enabled: .* must have the CRDs of VolumeSnapshots .*; got a cluster without snapshot\.storage/;
  await assert.rejects(install(cluster, signal, withSnapshots), refusal);
  assert.equal(await cluster.helm(["list", "--short", `--namespace=${namespace}`], { signal }), "");
}

async function assertTaken(cluster: Cluster, values: string, signal: AbortSignal): Promise<void> {
  const rendered = await renderText(values, signal);
  const fromChart = await cluster.kubectl([...dryRun, "--filename=-"], { signal, stdin: rendered });
  const fromFile = await cluster.kubectl([...dryRun, `--filename=${join(deploy, `${values}.yaml`)}`], { signal });
  const names = fromChart.trim().split("\n");
  assert.equal(names.length, rendered.match(/^kind: /gm)?.length, values);
  assert.deepEqual(fromFile.trim().split("\n").toSorted(), names.toSorted());
}

export const scenario: Scenario = {
  title: "the API server takes every rendered manifest, of each documented values file, and so it does those in deploy",
  ci: true,
  limitMs: 3 * 60_000,
  async run(cluster, signal) {
    await uninstall(cluster, signal);
    await removeSnapshotCrds(cluster, signal);
    await assertNoSnapshotsYet(cluster, signal);
    await installSnapshotCrds(cluster, signal);
    for (const values of await valuesFiles()) await assertTaken(cluster, values, signal);
    // Typos that a mere client lets pass.
    const typos = [
      [/hostNetwork:/, "hostNetwrok:", /unknown field "spec\.template\.spec\.hostNetwrok"/],
      [/deletionPolicy:/, "deletePolicy:", /unknown field "deletePolicy"/],
    ] as const;
    for (const [right, wrong, message] of typos) {
      const typo = (await renderText("snapshots", signal)).replace(right, wrong);
      await assert.rejects(cluster.kubectl([...dryRun, "--filename=-"], { signal, stdin: typo }), message);
    }
    await removeSnapshotCrds(cluster, signal);
  },
};
