/** The configuration of a driver process: what stops a start, and where options come from. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { runDriver, startDriver } from "../../support/driver-process.ts";
import { makeKubeletPaths } from "../../support/kubelet-paths.ts";
import { nodeIdOf } from "../../support/node-ids.ts";

const cluster = ["--cluster-id", "c"];
const longSocket = [/--csi-endpoint/, /at most 107 bytes/, /; got "unix:\/\/\/sss/];

describe("a start with a wrong configuration", () => {
  const cases: readonly (readonly [string, readonly string[], readonly RegExp[]])[] = [
    ["an unknown flag", ["node", ...cluster, "--portal", "192.0.2.1:4420"], [/--portal/]],
    ["no cluster id", ["node", "--backend", "memory"], [/--cluster-id/, /NVMETCP_CLUSTER_ID/]],
    ["a host name for a portal", ["node", ...cluster, "--portals", "storage:4420"], [/--portals/, /NVMETCP_PORTALS/]],
    ["an unknown mode", ["nod", ...cluster], [/all-in-one, controller, node/, /nod/]],
    [
      "a socket path beyond 107 bytes",
      ["node", ...cluster, "--csi-endpoint", `unix:///${"s".repeat(107)}`],
      longSocket,
    ],
  ];
  for (const [what, argv, patterns] of cases) {
    it(`ends with exit 1 and names the option: ${what}`, async (t) => {
      const { exitCode, stderr, stdout } = await runDriver(argv, { signal: t.signal });
      assert.equal(exitCode, 1);
      assert.equal(stdout, "");
      assert.match(stderr, /^cannot start: /);
      assert.equal(stderr.trim().split("\n").length, 1, "one line, no stack");
      for (const pattern of patterns) assert.match(stderr, pattern);
    });
  }

  it("names the environment variable that is wrong", async (t) => {
    const environment = { NVMETCP_CLUSTER_ID: "c", NVMETCP_LOG_LEVEL: "loud" };
    const { exitCode, stderr } = await runDriver(["node"], { environment, signal: t.signal });
    assert.equal(exitCode, 1);
    assert.match(stderr, /NVMETCP_LOG_LEVEL/);
  });
});

describe("an option", () => {
  it("comes from the file, over it from the environment, over both from a flag", async (t) => {
    await using paths = await makeKubeletPaths();
    const file = path.join(paths.root, "config.json");
    await writeFile(file, JSON.stringify({ nodeName: "from-file", maxVolumes: 7, logLevel: "error" }));
    const nodeNameOf = async (environment: Readonly<Record<string, string>>, flags: readonly string[]) => {
      const options = { mode: "node", environment, flags: ["--config", file, ...flags], signal: t.signal } as const;
      await using driver = await startDriver(options);
      const { node_id, max_volumes_per_node } = await driver.client.node.NodeGetInfo({});
      assert.equal(max_volumes_per_node, "7");
      return node_id.split(".")[1];
    };
    const hashOf = (name: string) => nodeIdOf(name).split(".")[1];
    const environment = { NVMETCP_NODE_NAME: "from-environment" };
    assert.equal(await nodeNameOf({}, []), hashOf("from-file"));
    assert.equal(await nodeNameOf(environment, []), hashOf("from-environment"));
    assert.equal(await nodeNameOf(environment, ["--node-name", "from-flag"]), hashOf("from-flag"));
  });

  it("says where the node is, and then alone topology is advertised", async (t) => {
    const services = async (flags: readonly string[]) => {
      await using driver = await startDriver({
        mode: "all-in-one",
        flags: ["--backend", "memory", ...flags],
        signal: t.signal,
      });
      const { capabilities } = await driver.client.identity.GetPluginCapabilities({});
      const { accessible_topology } = await driver.client.node.NodeGetInfo({});
      const names = capabilities.flatMap(({ service }) => (service ? [service.type] : []));
      return { names, segments: accessible_topology?.segments };
    };
    const always = ["CONTROLLER_SERVICE", "GROUP_CONTROLLER_SERVICE"];
    assert.deepEqual(await services([]), { names: always, segments: undefined });
    const placed = await services(["--topology", "topology.kubernetes.io/zone=a,rack=7"]);
    assert.deepEqual(placed.names, [...always, "VOLUME_ACCESSIBILITY_CONSTRAINTS"]);
    assert.deepEqual(placed.segments, { "topology.kubernetes.io/zone": "a", rack: "7" });
  });
});
