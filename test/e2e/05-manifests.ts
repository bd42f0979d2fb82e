import assert from "node:assert/strict";
import { join } from "node:path";
import { renderText, valuesFiles } from "../chart/render.ts";
import type { Scenario } from "../cluster/scenario.ts";
import { uninstall } from "../support/release.ts";

const deploy = join(import.meta.dirname, "../../deploy");

const dryRun = ["apply", "--dry-run=server", "--validate=strict", "--output=name"] as const;

export const scenario: Scenario = {
  title: "the API server takes every rendered manifest, of each documented values file, and so it does those in deploy",
  ci: true,
  limitMs: 3 * 60_000,
  async run(cluster, signal) {
    await uninstall(cluster, signal);
    for (const values of await valuesFiles()) {
      const rendered = await renderText(values, signal);
      const fromChart = await cluster.kubectl([...dryRun, "--filename=-"], { signal, stdin: rendered });
      const fromFile = await cluster.kubectl([...dryRun, `--filename=${join(deploy, `${values}.yaml`)}`], { signal });
      const names = fromChart.trim().split("\n");
      assert.equal(names.length, rendered.match(/^kind: /gm)?.length, values);
      assert.deepEqual(fromFile.trim().split("\n").toSorted(), names.toSorted());
    }
    // A typo that a mere client lets pass.
    const typo = (await renderText(undefined, signal)).replace("hostNetwork:", "hostNetwrok:");
    await assert.rejects(
      cluster.kubectl([...dryRun, "--filename=-"], { signal, stdin: typo }),
      /unknown field "spec\.template\.spec\.hostNetwrok"/,
    );
  },
};
