/** values.schema.json: refuses every typo and wrong value by name, and describes exactly what values.yaml has. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { load } from "js-yaml";
import { classParameters, mkfsOptions, poolNamePattern } from "../../src/domain/class-parameters.ts";
import { filesystemTypes } from "../../src/domain/model.ts";
import { mountOptionNames, parseMountOptions } from "../../src/domain/mount-options.ts";
import { segmentKeyPattern, segmentValuePattern } from "../../src/domain/topology.ts";
import { helm } from "./helm.ts";
import { chart, groupApi, renderText, snapshotApi, valuesFiles } from "./render.ts";
import { contradictions, thin, wrong } from "./wrong-values.ts";

const signal = AbortSignal.timeout(30 * 60 * 1000);

/** What the schema says of one text. */
interface Rule {
  readonly enum?: readonly string[];
  readonly pattern?: string;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The objects in the schema that have an open set of names, with the path that leads there. */
function openObjects(schema: unknown, path = ""): readonly string[] {
  if (!isObject(schema)) return list(schema).flatMap((item, index) => openObjects(item, `${path}/${index}`));
  const own = schema["type"] === "object" && schema["additionalProperties"] !== false ? [path] : [];
  return [...own, ...Object.entries(schema).flatMap(([key, value]) => openObjects(value, `${path}/${key}`))];
}

describe("values.schema.json", () => {
  for (const [values, message] of [...wrong, ...contradictions]) {
    it(`refuses ${JSON.stringify(values).slice(0, 100)}`, async () => {
      await assert.rejects(renderText(undefined, signal, values), (error) => {
        assert.match(String(error), message);
        return true;
      });
    });
  }

  const commands = ["client/config/crd", "deploy/kubernetes/snapshot-controller"].map(
    (folder) => `kubectl apply -k 'https://github.com/kubernetes-csi/external-snapshotter/${folder}?ref=v8.7.0'`,
  );
  /** Renders a values file for a cluster that has nothing but these kinds. */
  const template = async (values: string, ...apis: readonly string[]) => {
    const known = apis.flatMap((api) => ["--api-versions", api]);
    return helm(["template", "x", chart, "--values", join(chart, `values/${values}.yaml`), ...known], signal);
  };
  async function assertRefused(rendered: Promise<string>, message: RegExp): Promise<void> {
    await assert.rejects(rendered, (error) => {
      assert.match(String(error), message);
      for (const command of commands) assert.ok(String(error).includes(command), command);
      return true;
    });
  }

  it("is joined by a look at the cluster: without the CRDs of VolumeSnapshots there are none to offer", async () => {
    const refusal = /snapshots\.enabled: .* CRDs of VolumeSnapshots .*; got a cluster without snapshot\.storage/;
    await assertRefused(template("snapshots"), refusal);
    await template("snapshots", snapshotApi);
    await template("one-node");
  });

  it("is joined by another one: without the CRDs of VolumeGroupSnapshots there are no groups to offer", async () => {
    const refusal =
      /snapshots\.groups\.enabled: .* CRDs of VolumeGroupSnapshots .*; got a cluster without groupsnapshot\.storage/;
    await assertRefused(template("group-snapshots", snapshotApi), refusal);
    await assertRefused(
      template("group-snapshots", groupApi),
      /snapshots\.enabled: .*; got .* without snapshot\.storage/,
    );
    await template("group-snapshots", snapshotApi, groupApi);
  });

  it("accepts what differs from the defaults in every way that is meant", async () => {
    await renderText(undefined, signal, {
      portals: ["192.0.2.1:4420", "[2001:db8::1]:4420", "[::ffff:192.0.2.1]:65535"],
      "image.tag": `1.2.3-rc.1@sha256:${"0".repeat(64)}`,
      "resources.limits": { cpu: 2, memory: "1.5Gi" },
      "nodeSelector.kubernetes\\.io/hostname": "storage-1",
      tolerations: [{ key: "node.kubernetes.io/disk", operator: "Equal", value: "", effect: "NoSchedule" }],
      priorityClassName: "",
      "storageClasses.delete.mountOptions": ["noatime", "commit=30"],
      "storageClasses.delete.parameters": { backend: "nvmet", "ext4.bytesPerInode": "4194304" },
      "storageClasses.retain.fsType": "btrfs",
      "storageClasses.retain.mountOptions": ["compress=zstd", "discard=async"],
      "snapshots.classes.delete": { create: false, name: "gone.after-use", isDefault: false },
      "snapshots.classes.retain.isDefault": true,
      "snapshots.enabled": true,
      "snapshots.groups.enabled": true,
      "snapshots.groups.classes.delete": { create: false, name: "gone.after-use", isDefault: false },
      "snapshots.groups.classes.retain.isDefault": true,
      "pools.fast": thin,
      global: { fromTheParentChart: true },
    });
  });

  it("leaves no object open but those whose names are the user's", async () => {
    const schema: unknown = JSON.parse(await readFile(join(chart, "values.schema.json"), "utf8"));
    const names = ["definitions/segments", "properties/pools", "properties/nodeSelector", "properties/global"];
    assert.deepEqual(
      openObjects(schema),
      names.map((name) => `/${name}`),
    );
  });

  it("has the driver's rule for segments", async () => {
    const { definitions } = JSON.parse(await readFile(join(chart, "values.schema.json"), "utf8")) as {
      readonly definitions: Readonly<Record<"segmentKey" | "segmentValue", { readonly pattern: string }>>;
    };
    const { segmentKey, segmentValue } = definitions;
    const expected = [segmentKeyPattern, segmentValuePattern].map(({ source }) =>
      source.replaceAll("(?:", "(").replaceAll("\\/", "/"),
    );
    assert.deepEqual([segmentKey.pattern, segmentValue.pattern], expected);
  });

  it("has the driver's list of mount options for each file system", async () => {
    const { definitions } = JSON.parse(await readFile(join(chart, "values.schema.json"), "utf8")) as {
      readonly definitions: Readonly<Record<string, { readonly anyOf: [{ enum: string[] }, { pattern: string }] }>>;
    };
    for (const type of filesystemTypes) {
      const [plain, numbered] = definitions[`mountOption-${type}`]?.anyOf ?? [];
      assert.ok(plain && numbered, type);
      const numberedNames = mountOptionNames(type).filter((name) => name.endsWith("=N"));
      assert.deepEqual([...plain.enum, ...numberedNames].toSorted(), mountOptionNames(type).toSorted());
      for (const name of numberedNames) {
        const option = name.replace(/N$/, "5");
        assert.match(option, new RegExp(numbered.pattern));
        parseMountOptions(type, [option]);
      }
    }
  });

  it("takes of each class parameter what the driver takes, but for the back end, which is nvmet here", async () => {
    const { definitions } = JSON.parse(await readFile(join(chart, "values.schema.json"), "utf8")) as {
      readonly definitions: {
        readonly classParameters: { readonly properties: Readonly<Record<string, Rule>> };
        readonly poolName: { readonly pattern: string };
      };
    };
    const { backend, pool, multiWriter, ...rules } = definitions.classParameters.properties;
    assert.deepEqual([backend, multiWriter], [{ const: "nvmet" }, { const: "block" }]);
    assert.deepEqual(pool, { $ref: "#/definitions/poolName" });
    assert.equal(definitions.poolName.pattern, poolNamePattern.source.replaceAll("(?:", "("));
    assert.deepEqual(
      ["backend", "pool", "multiWriter", ...Object.keys(rules)],
      classParameters.map(({ name }) => name),
    );
    const words = Object.values(rules).flatMap((rule) => rule.enum ?? []);
    const numbers = Array.from({ length: 200 }, (_, number) => [`${number - 50}`, `0${number}`, `${number}.5`]).flat();
    const powers = Array.from({ length: 32 }, (_, power) => String(2 ** power));
    for (const [name, rule] of Object.entries(rules)) {
      for (const value of [...words, ...numbers, ...powers, "", " 5", "5 ", "DUP"]) {
        const isTaken = mkfsOptions.safeParse({ [name]: value }).success;
        assert.equal(
          rule.enum?.includes(value) ?? new RegExp(rule.pattern ?? "").test(value),
          isTaken,
          `${name} ${value}`,
        );
      }
    }
  });
});

describe("the chart", () => {
  it("passes helm lint, strictly, with each documented values file", async () => {
    for (const name of [undefined, ...(await valuesFiles())]) {
      const file = name === undefined ? [] : ["--values", join(chart, "values", `${name}.yaml`)];
      const said = await helm(["lint", "--strict", chart, ...file], signal);
      assert.match(said, /1 chart\(s\) linted, 0 chart\(s\) failed/);
      assert.doesNotMatch(said, /\[(WARNING|ERROR)\]/);
    }
  });

  it("has the project's version, as chart and as driver", async () => {
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, "../../package.json"), "utf8")) as {
      readonly version: string;
    };
    const meta = load(await readFile(join(chart, "Chart.yaml"), "utf8")) as Readonly<Record<string, unknown>>;
    assert.deepEqual([meta["version"], meta["appVersion"]], [version, version]);
  });

  it("says what to type next, and that uninstalling keeps the data", async () => {
    const args = ["install", "x", chart, "--dry-run=client", "--namespace", "csi"];
    const [, notes = ""] = (await helm(args, signal)).split("NOTES:");
    assert.match(notes, /kubectl --namespace csi rollout status statefulset\/nvmetcp-csi/);
    assert.match(notes, /Uninstalling keeps the data: volumes stay in \/var\/lib\/nvmetcp-csi\/pool/);
    const claim = load(notes.split("<<'END'\n")[1]?.split("\nEND\n")[0] ?? "");
    assert.deepEqual(isObject(claim) && claim["kind"], "PersistentVolumeClaim");
  });

  it("explains every value beside it", async () => {
    const lines = (await readFile(join(chart, "values.yaml"), "utf8")).split("\n");
    const bare = lines.filter((line, index) => /^[a-z]\w*:/i.test(line) && !/^\s*(#.*)?$/.test(lines[index - 1] ?? ""));
    assert.deepEqual(bare, []);
  });
});
