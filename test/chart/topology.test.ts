/** Topology in the chart: what the driver is told of its node, from where it knows, and what classes ask for. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { V1StorageClass } from "@kubernetes/client-node";
import { loadConfig } from "../../src/config/config.ts";
import { helm } from "./helm.ts";
import { containerOf, podOf } from "./pod.ts";
import { chart, render, type Manifest } from "./render.ts";

const signal = AbortSignal.timeout(30 * 60 * 1000);
const [zone, region] = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/** What the driver makes of the arguments of its container, with variables as they are in its pod. */
function configOf(manifests: readonly Manifest[], variables: Readonly<Record<string, string>>) {
  const { args = [], env = [] } = containerOf(podOf(manifests), "driver");
  const all: Readonly<Record<string, string>> = { NODE_NAME: "n1", ...variables };
  const words = args.map((word) =>
    word.replaceAll(/\$\((\w+)\)/g, (_whole, name: string) => all[name] ?? assert.fail(name)),
  );
  const fields = env.map(({ name, valueFrom }) => [name, valueFrom?.fieldRef?.fieldPath]);
  return { config: loadConfig(words, {}), fields };
}

describe("the driver of a machine with a topology", () => {
  it("knows nothing of one by default", async () => {
    const { config, fields } = configOf(await render(undefined, signal), {});
    assert.deepEqual([config.topology, fields], [undefined, [["NODE_NAME", "spec.nodeName"]]]);
  });

  it("is told the segments of the values, which its pools have too", async () => {
    const { config } = configOf(await render("topology", signal), {});
    const place = { "kubernetes.io/hostname": "storage-1" };
    assert.deepEqual([config.topology, config.pools.map(({ topology }) => topology)], [place, [place]]);
  });

  it("is told labels of the node as its pod has them, and any segment besides", async () => {
    const set = { "topology.nodeLabels": [zone, region], "topology.segments": { rack: "7" } };
    const manifests = await render(undefined, signal, set);
    const { config, fields } = configOf(manifests, { NODE_ZONE: "a", NODE_REGION: "eu" });
    assert.deepEqual(config.topology, { rack: "7", [zone]: "a", [region]: "eu" });
    assert.deepEqual(fields.slice(1), [
      ["NODE_ZONE", `metadata.labels['${zone}']`],
      ["NODE_REGION", `metadata.labels['${region}']`],
    ]);
    const unlabelled = () => configOf(manifests, { NODE_ZONE: "", NODE_REGION: "eu" });
    assert.throws(unlabelled, /--topology .*must name segments .*got .*topology\.kubernetes\.io\/zone=,/);
  });

  it("takes no labels of the node where Kubernetes does not copy them to pods", async () => {
    const ask = async (version: string) =>
      helm(
        ["template", "x", chart, "--kube-version", version, "--set-json", `topology.nodeLabels=["${zone}"]`],
        signal,
      );
    await assert.rejects(ask("1.34.9"), /from 1\.35 on; got v1\.34\.9: use topology\.segments/);
    await ask("1.35.0");
    await ask("v1.35.2-eks-1234567");
  });
});

describe("a class of a machine with a topology", () => {
  it("has the places that it allows, as the API takes them", async () => {
    const allowedTopologies = [{ matchLabelExpressions: [{ key: zone, values: ["a", "b"] }] }];
    const set = { "topology.nodeLabels": [zone], "storageClasses.delete.allowedTopologies": allowedTopologies };
    const classes = (await render(undefined, signal, set)).filter(
      (one): one is Manifest & V1StorageClass => one.kind === "StorageClass",
    );
    assert.deepEqual(
      classes.map((one) => one.allowedTopologies),
      [allowedTopologies, undefined],
    );
  });
});
