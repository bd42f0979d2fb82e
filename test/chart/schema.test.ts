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

const signal = AbortSignal.timeout(30 * 60 * 1000);

const zone = "topology.kubernetes.io/zone";

/** Each a set of values that must be refused, and the message that must say which one and why. */
const wrong: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
  [{ kubeletRooot: "/var/lib/kubelet" }, /at '': additional properties 'kubeletRooot' not allowed/],
  [{ "image.tagg": "1" }, /at '\/image': additional properties 'tagg' not allowed/],
  [{ "pool.directory": "/p" }, /at '\/pool': additional properties 'directory' not allowed/],
  [{ "kernelModules.laod": true }, /at '\/kernelModules': additional properties 'laod' not allowed/],
  [{ "sidecars.snapshoter.image.tag": "v1" }, /at '\/sidecars': additional properties 'snapshoter' not allowed/],
  [{ "sidecars.attacher.args": [] }, /at '\/sidecars\/attacher': additional properties 'args' not allowed/],
  [{ "registrar.enable": true }, /at '\/registrar': additional properties 'enable' not allowed/],
  [{ "storageClasses.scratch.create": true }, /at '\/storageClasses': additional properties 'scratch' not allowed/],
  [{ "storageClasses.delete.default": true }, /at '\/storageClasses\/delete': additional properties 'default'/],
  [{ "resources.request": {} }, /at '\/resources': additional properties 'request' not allowed/],
  [{ "resources.limits.memroy": "1Gi" }, /at '\/resources\/limits': additional properties 'memroy' not allowed/],
  [{ tolerations: [{ efect: "NoExecute" }] }, /at '\/tolerations\/0': additional properties 'efect' not allowed/],
  [{ imagePullSecrets: ["mine"] }, /at '\/imagePullSecrets\/0': got string, want object/],
  [{ mode: "controller" }, /at '\/mode': value must be 'allInOne'/],
  [{ clusterId: "two words" }, /at '\/clusterId': 'two words' does not match/],
  [{ clusterId: "x".repeat(129) }, /at '\/clusterId': 'x+' does not match/],
  [{ "image.repository": "Docker.io/CSI" }, /at '\/image\/repository': 'Docker.io\/CSI' does not match/],
  [{ "image.tag": 1.5 }, /at '\/image\/tag': got number, want string/],
  [{ "image.pullPolicy": "Sometimes" }, /at '\/image\/pullPolicy': value must be one of 'Always'/],
  [{ "sidecars.provisioner.image.tag": "" }, /at '\/sidecars\/provisioner\/image\/tag': '' does not match/],
  [{ kubeletRoot: "var/lib/kubelet" }, /at '\/kubeletRoot': 'var\/lib\/kubelet' does not match/],
  [{ kubeletRoot: "/var/lib/kubelet/" }, /at '\/kubeletRoot': '\/var\/lib\/kubelet\/' does not match/],
  [{ kubeletRoot: `/${"k".repeat(65)}` }, /at '\/kubeletRoot': maxLength: got 66, want 65/],
  [{ kubeletRoot: null }, /at '': missing property 'kubeletRoot'/],
  [{ stateDir: "/var/../etc" }, /at '\/stateDir': '\/var\/..\/etc' does not match/],
  [{ pools: { Fast: { layer: "file", path: "/p" } } }, /invalid propertyName 'Fast'/],
  [
    { "pools.fast": { layer: "zfs", path: "/p" } },
    /at '\/pools\/fast\/layer': value must be one of 'file', 'lvm-thin'/,
  ],
  [{ "pools.fast": { layer: "file" } }, /at '\/pools\/fast': missing property 'path'/],
  [{ "pools.fast": { layer: "lvm-thin", thinPool: "t" } }, /at '\/pools\/fast': missing property 'volumeGroup'/],
  [{ "pools.fast": { layer: "lvm-thin", volumeGroup: "-y", thinPool: "t" } }, /volumeGroup': '-y' does not match/],
  [{ "pools.fast": { layer: "file", path: "/p", size: 1 } }, /at '\/pools\/fast': additional properties 'size'/],
  [{ "pools.fast": { layer: "file", path: "/p", overcommitPercent: 99 } }, /overcommitPercent': .*minimum.* 100/],
  [{ "pools.fast": { layer: "file", path: "/p", topology: { zone: "" } } }, /topology\/zone': '' does not match/],
  [{ "pools.fast": { layer: "file", path: "/p", topology: { "a b": "c" } } }, /invalid propertyName 'a b'/],
  [{ "topology.segments": { zone: 1 } }, /at '\/topology\/segments\/zone': got number, want string/],
  [{ "topology.keys": [] }, /at '\/topology': additional properties 'keys' not allowed/],
  [
    { "topology.nodeLabels": ["kubernetes.io/hostname"] },
    /nodeLabels\/0': value must be one of 'topology.kubernetes.io/,
  ],
  [
    { "storageClasses.delete.allowedTopologies": [{ key: "zone", values: ["a"] }] },
    /at '\/storageClasses\/delete\/allowedTopologies\/0'.*matchLabelExpressions/,
  ],
  [{ "pools.fast": { layer: "file", path: "/p", deletionGraceMinutes: -1 } }, /deletionGraceMinutes': .*minimum.* 0/],
  [{ "pool.path": "/" }, /at '\/pool\/path': '\/' does not match/],
  [{ portals: "127.0.0.1:4420" }, /at '\/portals': got string, want array/],
  [{ portals: [] }, /at '\/portals': minItems: got 0, want 1/],
  [{ portals: ["localhost:4420"] }, /at '\/portals\/0': 'localhost:4420' does not match/],
  [{ portals: ["127.0.0.1:65536"] }, /at '\/portals\/0': '127.0.0.1:65536' does not match/],
  [{ portals: ["127.0.0.256:4420"] }, /at '\/portals\/0': '127.0.0.256:4420' does not match/],
  [{ portals: ["192.0.2.1:1", "192.0.2.1:1"] }, /at '\/portals': items at 0 and 1 are equal/],
  [{ logLevel: "verbose" }, /at '\/logLevel': value must be one of 'debug'/],
  [{ "kernelModules.load": "yes" }, /at '\/kernelModules\/load': got string, want boolean/],
  [{ healthPort: 80 }, /at '\/healthPort': minimum: got 80/],
  [{ healthPort: "2000" }, /at '\/healthPort': got string, want integer/],
  [{ "resources.requests.cpu": "a lot" }, /at '\/resources\/requests\/cpu': 'a lot' does not match/],
  [{ "nodeSelector.disk": true }, /at '\/nodeSelector\/disk': got boolean, want string/],
  [{ tolerations: [{ operator: "Exist" }] }, /at '\/tolerations\/0\/operator': value must be one of 'Exists'/],
  [{ priorityClassName: "System Critical" }, /at '\/priorityClassName': 'System Critical' does not match/],
  [{ "storageClasses.delete.name": "Fast" }, /at '\/storageClasses\/delete\/name': 'Fast' does not match/],
  [{ "storageClasses.retain.volumeBindingMode": "Late" }, /retain\/volumeBindingMode': value must be one of/],
  [{ "storageClasses.delete.mountOptions": ["loop"] }, /at '\/storageClasses\/delete\/mountOptions\/0':/],
  [{ "storageClasses.delete.mountOptions": ["inode64"] }, /at '\/storageClasses\/delete\/mountOptions\/0':/],
  [{ "storageClasses.delete.fsType": "ext3" }, /at '\/storageClasses\/delete\/fsType': value must be one of 'ext4'/],
  [{ "storageClasses.delete.fstype": "xfs" }, /storageClasses\/delete': additional properties 'fstype' not allowed/],
  [
    { "storageClasses.delete.parameters": { "ext4.reserved": "5" } },
    /parameters': additional properties 'ext4.reserved'/,
  ],
  [{ "storageClasses.delete.parameters": { "ext4.reservedPercent": 5 } }, /reservedPercent': got number, want string/],
  [{ "storageClasses.delete.parameters": { "ext4.reservedPercent": "51" } }, /reservedPercent': '51' does not match/],
  [
    { "storageClasses.retain.parameters": { "btrfs.nodeSize": "4096" } },
    /btrfs.nodeSize': value must be one of '16384'/,
  ],
  [{ "storageClasses.retain.parameters": { multiWriter: "true" } }, /multiWriter': value must be 'block'/],
  [{ "storageClasses.retain.parameters": { backend: "memory" } }, /parameters\/backend': value must be 'nvmet'/],
  [{ "snapshot.enabled": true }, /at '': additional properties 'snapshot' not allowed/],
  [{ "snapshots.enable": true }, /at '\/snapshots': additional properties 'enable' not allowed/],
  [{ "snapshots.enabled": "true" }, /at '\/snapshots\/enabled': got string, want boolean/],
  [{ "snapshots.className": "x" }, /at '\/snapshots': additional properties 'className' not allowed/],
  [{ "snapshots.classes.hourly": {} }, /at '\/snapshots\/classes': additional properties 'hourly' not allowed/],
  [{ "snapshots.classes.delete.deletionPolicy": "Retain" }, /delete': additional properties 'deletionPolicy'/],
  [{ "snapshots.classes.delete.parameters": {} }, /delete': additional properties 'parameters' not allowed/],
  [{ "snapshots.classes.retain.name": "Kept" }, /at '\/snapshots\/classes\/retain\/name': 'Kept' does not match/],
  [{ "snapshots.classes.retain.isDefault": 1 }, /classes\/retain\/isDefault': got number, want boolean/],
  [{ "snapshots.group.enabled": true }, /at '\/snapshots': additional properties 'group' not allowed/],
  [{ "snapshots.groups.enabled": "true" }, /at '\/snapshots\/groups\/enabled': got string, want boolean/],
  [{ "snapshots.groups.enable": true }, /at '\/snapshots\/groups': additional properties 'enable' not allowed/],
  [{ "snapshots.groups.classes.delete.name": "A" }, /at '\/snapshots\/groups\/classes\/delete\/name': 'A' does not/],
];

const thin = { layer: "lvm-thin", volumeGroup: "vg0", thinPool: "thin" };

/** Rules between values, which the templates check. */
const contradictions: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
  [{ "storageClasses.delete.name": "nvmetcp-retain" }, /delete.name and retain.name must differ; got "nvmetcp-retain"/],
  [{ "storageClasses.delete.isDefault": true, "storageClasses.retain.isDefault": true }, /at most one class/],
  [{ "snapshots.classes.retain.name": "nvmetcp" }, /snapshots.classes: delete.name and .* must differ; got "nvmetcp"/],
  [{ "snapshots.classes.retain.isDefault": true }, /snapshots.classes: at most one class can be the default/],
  [{ "snapshots.groups.classes.retain.name": "nvmetcp" }, /snapshots.groups.classes: delete.name and .* must differ/],
  [{ "snapshots.groups.classes.retain.isDefault": true }, /snapshots.groups.classes: at most one class/],
  [
    { "snapshots.groups.enabled": true, "pools.fast": thin },
    /snapshots.groups.enabled: groups are of VolumeSnapshots; got snapshots.enabled false/,
  ],
  [
    { "snapshots.enabled": true, "snapshots.groups.enabled": true, "pools.big": { layer: "file", path: "/p" } },
    /snapshots.groups.enabled: a pool must have the layer lvm-thin, .*; got none in pools/,
  ],
  [{ "pool.path": "/data", stateDir: "/data/state" }, /stateDir must not be in a pool's path.*got "\/data\/state"/],
  [
    { "topology.segments": { [zone]: "a" }, "topology.nodeLabels": [zone] },
    /topology: segments and nodeLabels must not both have "topology.kubernetes.io\/zone"/,
  ],
  [
    { "pools.fast": { layer: "file", path: "/p", topology: { [zone]: "a" } } },
    /pools.fast.topology: every key must be one of the machine's topology; got "topology.kubernetes.io\/zone"/,
  ],
  [
    { "topology.segments": { zone: "b" }, "pools.fast": { layer: "file", path: "/p", topology: { zone: "a" } } },
    /pools.fast.topology: zone must be "b", as the machine's, which alone reaches the pool; got "a"/,
  ],
  [
    { "storageClasses.retain.allowedTopologies": [{ matchLabelExpressions: [{ key: "zone", values: ["a"] }] }] },
    /storageClasses.retain.allowedTopologies: every key must be one of the machine's topology; got "zone"/,
  ],
  [{ portals: ["127.0.0.1:19808"] }, /healthPort must not be the port of a portal; got "127.0.0.1:19808"/],
];

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
