import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { loadConfig, usage } from "./config.ts";

const cluster = ["--cluster-id", "c"];
const refusal = (...patterns: readonly RegExp[]) => {
  return (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /^cannot start: /);
    for (const pattern of patterns) assert.match(error.message, pattern);
    return true;
  };
};

async function withFile(content: unknown, use: (file: string) => void): Promise<void> {
  await using directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-config-"));
  const file = path.join(directory.path, "config.json");
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  use(file);
}

describe("the configuration", () => {
  it("has defaults for everything but the cluster, and cannot be changed", () => {
    const config = loadConfig(["all-in-one", ...cluster], {});
    assert.equal(config.mode, "all-in-one");
    assert.equal(config.backend, "nvmet");
    assert.equal(config.nodeName, hostname());
    assert.equal(config.csiEndpoint, "/run/nvmetcp-csi/csi.sock");
    assert.deepEqual(config.portals, [{ address: "127.0.0.1", port: 4420 }]);
    assert.ok(Object.isFrozen(config));
  });

  it("reads several portals of both families", () => {
    const portals = "192.0.2.1:4420,[2001:db8::1]:4421";
    const config = loadConfig(["controller", ...cluster, "--portals", portals], {});
    assert.deepEqual(config.portals, [
      { address: "192.0.2.1", port: 4420 },
      { address: "2001:db8::1", port: 4421 },
    ]);
  });

  it("takes a flag over the environment over the file over the default", async () => {
    await withFile({ clusterId: "file", nodeName: "file", backend: "memory" }, (file) => {
      const environment = { NVMETCP_CLUSTER_ID: "environment", NVMETCP_NODE_NAME: "environment" };
      const config = loadConfig(["node", "--config", file, "--node-name", "flag"], environment);
      const { nodeName, clusterId, backend, logLevel } = config;
      assert.deepEqual([nodeName, clusterId, backend, logLevel], ["flag", "environment", "memory", "info"]);
    });
  });

  it("takes numbers from a file as numbers too", async () => {
    await withFile({ clusterId: "c", maxVolumes: 16 }, (file) => {
      assert.equal(loadConfig(["node", "--config", file], {}).maxVolumes, 16);
    });
  });

  it("reads nothing else from the environment", () => {
    assert.throws(() => loadConfig(["node"], { CLUSTER_ID: "c", clusterId: "c" }), refusal(/--cluster-id/));
  });
});

describe("a wrong configuration", () => {
  const flags: readonly (readonly [readonly string[], ...RegExp[]])[] = [
    [["--portal", "192.0.2.1:4420"], /--portal/],
    [["--portals", "storage:4420"], /--portals/, /NVMETCP_PORTALS/, /192\.0\.2\.1:4420/],
    [["--portals", "192.0.2.1"], /--portals/, /NVMETCP_PORTALS/],
    [["--portals", "192.0.2.1:4420,"], /--portals/],
    [["--portals", "192.0.2.1:4420,192.0.2.1:4420"], /--portals/],
    [["--portals", ""], /--portals/],
    [["--backend", "spkd"], /--backend/, /NVMETCP_BACKEND/, /nvmet/],
    [["--csi-endpoint", "tcp://:1"], /--csi-endpoint/, /NVMETCP_CSI_ENDPOINT/],
    [["--csi-endpoint", "unix://relative"], /--csi-endpoint/],
    [["--csi-endpoint", "/run/csi.sock"], /--csi-endpoint/, /unix:\/\/\//],
    [["--state-dir", "state"], /--state-dir/, /NVMETCP_STATE_DIR/],
    [["--pool", "./pool"], /--pool/],
    [["--max-volumes", "many"], /--max-volumes/, /NVMETCP_MAX_VOLUMES/],
    [["--max-volumes", "-1"], /--max-volumes/],
    [["--max-volumes", "1.5"], /--max-volumes/],
    [["--max-volumes", ""], /--max-volumes/],
    [["--node-name", ""], /--node-name/],
    [["--log-level", "loud"], /--log-level/, /debug/],
  ];
  for (const [argv, ...patterns] of flags) {
    it(`names the option: ${argv.map((word) => word || '""').join(" ")}`, () => {
      assert.throws(() => loadConfig(["node", ...cluster, ...argv], {}), refusal(...patterns));
    });
  }

  it("names the option and its variable when the cluster is missing, empty or too long", () => {
    for (const argv of [[], ["--cluster-id", ""], ["--cluster-id", "c".repeat(129)]]) {
      assert.throws(() => loadConfig(["node", ...argv], {}), refusal(/--cluster-id/, /NVMETCP_CLUSTER_ID/));
    }
  });

  it("says which modes there are", () => {
    for (const argv of [[], ["nod"], ["node", "controller"]]) {
      assert.throws(() => loadConfig([...argv, ...cluster], {}), refusal(/all-in-one, controller, node/));
    }
  });

  it("names an unknown key of the file, and a file that is no JSON object", async () => {
    await withFile({ clusterId: "c", logLevle: "debug" }, (file) => {
      assert.throws(() => loadConfig(["node", "--config", file], {}), refusal(/logLevle/));
    });
    for (const content of ["", "[]", "nothing", '"text"']) {
      await withFile(content, (file) => {
        assert.throws(() => loadConfig(["node", ...cluster, "--config", file], {}), refusal(/--config/));
      });
    }
  });
});

describe("the help", () => {
  it("names every option with its variable", () => {
    const config = loadConfig(["node", ...cluster], {});
    const keys = Object.keys(config).filter((key) => key !== "mode");
    for (const key of keys) {
      const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      const variable = `NVMETCP_${flag.replaceAll("-", "_").toUpperCase()}`;
      assert.match(usage(), new RegExp(`--${flag}\\s+${variable}\\s+\\S`));
    }
    assert.ok(keys.length >= 9);
  });
});
