import assert from "node:assert/strict";
import { join } from "node:path";
import { writeTools } from "../cluster/command-files.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Scenario } from "../cluster/scenario.ts";
import { quickStart } from "../support/quick-start.ts";
import { driverPod, driverServes, install, namespace, onlyNode, uninstall } from "../support/release.ts";

const project = join(import.meta.dirname, "../..");
/** The test bed's pool. */
const disk = "vdc";

/** Runs the commands where they belong, and returns what they say. */
async function follow(commands: readonly string[], cluster: Cluster, signal: AbortSignal): Promise<string> {
  const tools = await writeTools(cluster, signal);
  let said = "";
  for (const command of commands) {
    if (/^(helm|kubectl) /.test(command)) {
      const line = `cd "$1" && PATH=$2:$PATH && ${command}`;
      said += await cluster.run(["bash", "-euc", line, "quick-start", project, tools], { signal });
    } else {
      await onlyNode(cluster).sh(command.replace("YOUR_DISK", disk), { signal });
    }
  }
  return said;
}

export const scenario: Scenario = {
  title: "the README's commands bring up the driver, which loads its modules and registers with the kubelet",
  ci: true,
  limitMs: 5 * 60_000,
  async run(cluster, signal) {
    await uninstall(cluster, signal);
    // A disk as new, and no directory for the pool yet.
    await onlyNode(cluster).sh(
      `umount /var/lib/nvmetcp-csi/pool; find /var/lib/nvmetcp-csi -mindepth 1 -delete; wipefs --quiet --all /dev/${disk}`,
      { signal },
    );
    const commands = await quickStart();
    assert.equal(commands.length, 5);
    assert.match(await follow(commands, cluster, signal), /Then claim a volume:/, "the notes name the next command");
    await driverServes(cluster, signal);
    assert.match(await install(cluster, signal), /STATUS: deployed/);
    const restarts = '{.status.containerStatuses[?(@.name=="driver")].restartCount}';
    await cluster.waitForField([`pod/${driverPod}`, `--namespace=${namespace}`], restarts, /^0$/, signal);
    await cluster.waitForField(["csidriver/csi.nvmetcp.dev"], "{.spec.attachRequired}", /^true$/, signal);
    const capacities = ["csistoragecapacities", `--namespace=${namespace}`];
    await cluster.waitForField(capacities, "{.items[*].capacity}", /\d/, signal);
  },
};
