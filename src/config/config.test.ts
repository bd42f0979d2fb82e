import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { loadConfig, usage } from "./config.ts";

const cluster = ["--cluster-id", "c"];
/** Each pattern must match; each text must be there. */
const refusal = (...patterns: readonly (RegExp | string)[]) => {
  return (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /^cannot start: /);
    for (const pattern of patterns) {
      if (typeof pattern === "string") assert.ok(error.message.includes(pattern), `${error.message}: no ${pattern}`);
      else assert.match(error.message, pattern);
    }
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

  it("has one pool of files unless it names others, as JSON or as an object in the file", async () => {
    const one = loadConfig(["node", ...cluster, "--pool", "/disk"], {}).pools;
    const limits = { overcommitPercent: 100, watermarkPercent: 100, deletionGraceMinutes: 0, topology: {} };
    assert.deepEqual(one, [{ name: "default", layer: "file", path: "/disk", ...limits }]);
    const pools = { fast: { layer: "lvm-thin", volumeGroup: "vg0", thinPool: "thin" } };
    const flags = ["node", ...cluster, "--pools", JSON.stringify(pools)];
    const [fast] = loadConfig(flags, {}).pools;
    assert.deepEqual([fast?.name, fast?.layer], ["fast", "lvm-thin"]);
    await withFile({ clusterId: "c", pools }, (file) => {
      assert.deepEqual(loadConfig(["node", "--config", file], {}).pools, loadConfig(flags, {}).pools);
    });
    const wrong = ["node", ...cluster, "--pools", '{"fast": {"layer": "zfs"}}'];
    assert.throws(
      () => loadConfig(wrong, {}),
      refusal(/--pools \(NVMETCP_POOLS\) is wrong at fast.layer: must be file or/),
    );
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

/** A path of that many bytes, in letters of two bytes as far as they go. */
const pathOf = (bytes: number) => `/${"é".repeat((bytes - 1) >> 1)}${"a".repeat((bytes - 1) & 1)}`;
/** What a message has at its end: the value as JSON. */
const endsWithValue = (value: string) => `; got ${JSON.stringify(value)}`;
const flagsOfHelp = new Set(usage().match(/(?<=^ {2})--\S+/gm));
const knownKeys = [...usage().matchAll(/^ {2}--\S+ +\S+ +(\S+)/gm)].map(([, key]) => key).join(", ");

describe("a wrong configuration", () => {
  const flags: readonly (readonly [readonly string[], ...RegExp[]])[] = [
    [["--portal", "192.0.2.1:4420"], /the options are --cluster-id, .*--config; got "--portal"$/],
    [["-p", "192.0.2.1:4420"], /the options are .*; got "-p"$/],
    [["--pool"], /--pool must have a value; got nothing$/],
    [["--pool", "--portals", "192.0.2.1:4420"], /--pool must have a value; got nothing/],
    [["--portals", "storage:4420"], /--portals/, /NVMETCP_PORTALS/, /192\.0\.2\.1:4420/],
    [["--portals", "192.0.2.1"], /--portals/, /NVMETCP_PORTALS/],
    [["--portals", "192.0.2.1:4420,"], /--portals/],
    [["--portals", "192.0.2.1:4420,192.0.2.1:4420"], /--portals/],
    [["--portals", ""], /--portals/],
    [["--backend", "spkd"], /--backend/, /NVMETCP_BACKEND/, /nvmet/],
    [["--csi-endpoint", "tcp://:1"], /--csi-endpoint/, /NVMETCP_CSI_ENDPOINT/],
    [["--csi-endpoint", "unix://relative"], /--csi-endpoint/],
    [["--csi-endpoint", "/run/csi.sock"], /--csi-endpoint/, /unix:\/\/\//],
    [["--csi-endpoint", `unix://${pathOf(108)}`], /--csi-endpoint .* at most 107 bytes/, /NVMETCP_CSI_ENDPOINT/],
    [["--state-dir", "state"], /--state-dir/, /NVMETCP_STATE_DIR/],
    [["--pool", "./pool"], /--pool/],
    [["--max-volumes", "many"], /--max-volumes .*must be a whole number from 0 to 1000000/, /NVMETCP_MAX_VOLUMES/],
    [["--keep-alive", "121"], /--keep-alive .*must be a whole number from 1 to 120/],
    [["--max-volumes", "-1"], /--max-volumes/],
    [["--max-volumes", "1.5"], /--max-volumes/],
    [["--max-volumes", ""], /--max-volumes/],
    [["--node-name", ""], /--node-name/],
    [["--node-name", " "], /--node-name/],
    [["--cluster-id", " \t"], /--cluster-id .*must not be empty/],
    [["--log-level", "loud"], /--log-level/, /debug/],
  ];
  for (const [argv, ...patterns] of flags) {
    it(`names option and value: ${argv.map((word) => word || '""').join(" ")}`, () => {
      const value = argv.length === 2 && flagsOfHelp.has(argv[0] ?? "") ? [endsWithValue(argv[1] ?? "")] : [];
      assert.throws(() => loadConfig(["node", ...cluster, ...argv], {}), refusal(...patterns, ...value));
    });
  }

  it("takes the longest path that a unix socket can have", () => {
    const { csiEndpoint } = loadConfig(["node", ...cluster, "--csi-endpoint", `unix://${pathOf(107)}`], {});
    assert.equal(csiEndpoint, pathOf(107));
  });

  it("names the option and its variable when the cluster is missing, empty or too long", () => {
    for (const argv of [[], ["--cluster-id", ""], ["--cluster-id", "c".repeat(129)]]) {
      assert.throws(() => loadConfig(["node", ...argv], {}), refusal(/--cluster-id/, /NVMETCP_CLUSTER_ID/, /; got /));
    }
  });

  it("needs no cluster id under Kubernetes, but on a node, which does not ask the API server", () => {
    const config = loadConfig(["all-in-one", "--kubernetes", "true"], {});
    assert.deepEqual([config.clusterId, config.kubernetes], [undefined, true]);
    assert.throws(() => loadConfig(["node", "--kubernetes", "true"], {}), refusal(/--cluster-id/));
    assert.throws(() => loadConfig(["node", ...cluster, "--kubernetes", "true"], {}), refusal(/--kubernetes/));
    assert.throws(() => loadConfig(["controller", ...cluster, "--kubernetes", "yes"], {}), refusal(/"yes"/));
  });

  it("takes a registration directory and a health endpoint, or none", () => {
    const none = loadConfig(["node", ...cluster], {});
    assert.deepEqual([none.registrationDir, none.healthEndpoint], [undefined, undefined]);
    const flags = ["--registration-dir", "/var/lib/kubelet/plugins_registry", "--health-endpoint", "127.0.0.1:9808"];
    const both = loadConfig(["node", ...cluster, ...flags], {});
    assert.equal(both.registrationDir, "/var/lib/kubelet/plugins_registry");
    assert.deepEqual(both.healthEndpoint, { address: "127.0.0.1", port: 9808 });
    for (const [flag, value] of [
      ["--registration-dir", "plugins"],
      ["--health-endpoint", "9808"],
    ] as const) {
      assert.throws(() => loadConfig(["node", ...cluster, flag, value], {}), refusal(new RegExp(flag)));
    }
    assert.throws(() => loadConfig(["controller", ...cluster, ...flags], {}), refusal(/--registration-dir/));
  });

  it("says which modes there are", () => {
    for (const argv of [[], ["nod"], ["node", "controller"]]) {
      assert.throws(() => loadConfig([...argv, ...cluster], {}), refusal(/all-in-one, controller, node; got \[/));
    }
  });

  it("names an unknown key of the file, and the known ones, even beside other mistakes", async () => {
    for (const key of ["logLevle", "--log-level", "mode", "__proto__", "toString"]) {
      await withFile(`{"logLevel":"loud",${JSON.stringify(key)}:"unseen"}`, (file) => {
        const got = endsWithValue(key);
        assert.throws(
          () => loadConfig(["node", "--config", file], {}),
          (error: unknown) => {
            assert.ok(error instanceof Error && !error.message.includes("unseen"));
            return refusal(/--config/, file, knownKeys, got)(error);
          },
        );
      });
    }
  });

  it("names the option and the value of a key of the file that has the wrong type", async () => {
    await withFile({ clusterId: "c", portals: ["192.0.2.1:4420"] }, (file) => {
      const value = /--portals .* must be a text; got \["192\.0\.2\.1:4420"\]$/;
      assert.throws(() => loadConfig(["node", "--config", file], {}), refusal(value));
    });
    await withFile({ clusterId: 7 }, (file) => {
      assert.throws(
        () => loadConfig(["node", "--config", file], {}),
        refusal(/--cluster-id .* must be a text; got 7$/),
      );
    });
  });

  it("names a file that is no JSON object or cannot be read, without its content", async () => {
    for (const content of ["", "[]", "hidden", '"hidden"', '{"pool": hidden}']) {
      await withFile(content, (file) => {
        const load = () => loadConfig(["node", ...cluster, "--config", file], {});
        assert.throws(
          load,
          refusal(/--config must be a file with a JSON object/, endsWithValue(file), /^(?!.*hidden)/),
        );
      });
    }
    const load = () => loadConfig(["node", ...cluster, "--config", "/absent/config.json"], {});
    assert.throws(load, refusal(/--config must be a readable file: ENOENT/, endsWithValue("/absent/config.json")));
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
