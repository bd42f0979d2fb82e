/**
 * What the chart makes, for each documented values file: objects that the API knows, one privileged container, read-only
 * roots, and exactly the mounts that docs/permissions.md names.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { V1CSIDriver, V1StorageClass } from "@kubernetes/client-node";
import * as z from "zod";
import { loadConfig } from "../../src/config/config.ts";
import { parameters as own } from "../../src/csi/class-parameters.ts";
import { decode } from "../../src/csi/decode.ts";
import { defaultMkfsOptions } from "../../src/domain/class-parameters.ts";
import { containerOf, containersOf, mountsOf, podOf, statefulSetOf } from "./pod.ts";
import { namespace, render, valuesFiles, type Manifest } from "./render.ts";
import { shapeFaults } from "./shape.ts";

const signal = AbortSignal.timeout(30 * 60 * 1000);
const clusterKinds = [
  ...["ClusterRole", "ClusterRoleBinding", "CSIDriver", "StorageClass"],
  ...["VolumeSnapshotClass", "VolumeGroupSnapshotClass"],
];
const optionalSidecars = { "registrar.enabled": true, "livenessProbe.enabled": true };

const cases: readonly (readonly [string, readonly Manifest[]])[] = [
  ["the default values", await render(undefined, signal)],
  ...(await Promise.all(
    (await valuesFiles()).map(async (name) => [`values/${name}.yaml`, await render(name, signal)] as const),
  )),
];
const defaults = await render(undefined, signal);
const pod = podOf(defaults);
const args = (name: string, from = pod) => containerOf(from, name).args ?? [];

for (const [name, manifests] of cases) {
  describe(`the manifests of ${name}`, () => {
    it("have only fields and kinds of values that the API knows", () => {
      assert.deepEqual(manifests.flatMap(shapeFaults), []);
    });

    it("name every object once, and its namespace where it has one", () => {
      const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      assert.equal(new Set(names).size, names.length);
      for (const { kind, metadata } of manifests) {
        assert.equal(metadata.namespace, clusterKinds.includes(kind) ? undefined : namespace, kind);
        assert.equal(metadata.labels?.["app.kubernetes.io/name"], "nvmetcp-csi", kind);
      }
    });

    it("have one privileged container, and all others without capabilities", () => {
      for (const { name: container, securityContext } of containersOf(podOf(manifests))) {
        assert.equal(securityContext?.privileged ?? false, container === "driver", container);
        if (container === "driver") continue;
        assert.equal(securityContext?.allowPrivilegeEscalation, false, container);
        assert.deepEqual(securityContext.capabilities?.drop, ["ALL"], container);
        assert.equal(securityContext.seccompProfile?.type, "RuntimeDefault", container);
        const added = securityContext.capabilities.add ?? [];
        assert.deepEqual(added, container === "kernel-modules" && name !== "values/k0s.yaml" ? ["SYS_MODULE"] : []);
      }
    });

    it("have read-only root file systems, and the node's network but not its processes", () => {
      const spec = podOf(manifests);
      for (const { name: container, securityContext } of containersOf(spec)) {
        assert.equal(securityContext?.readOnlyRootFilesystem, true, container);
      }
      assert.deepEqual([spec.hostNetwork, spec.hostPID, spec.hostIPC], [true, undefined, undefined]);
    });

    it("give the token to the containers that use the cluster, and to no other", () => {
      const spec = podOf(manifests);
      const holders = containersOf(spec).filter(({ volumeMounts = [] }) =>
        volumeMounts.some((mount) => mount.name === "api-token"),
      );
      assert.equal(spec.automountServiceAccountToken, false);
      assert.deepEqual(
        holders.map((container) => container.name),
        ["driver", "provisioner", "attacher", "resizer", ...(name.includes("snapshots") ? ["snapshotter"] : [])],
      );
    });

    it("start the driver with options that it takes", () => {
      const words = args("driver", podOf(manifests)).map((word) => word.replace("$(NODE_NAME)", "n1"));
      const { mode, kubernetes, nodeName } = loadConfig(words, {});
      assert.deepEqual([mode, kubernetes, nodeName], ["all-in-one", true, "n1"]);
    });

    it("use every volume of the pod", () => {
      const spec = podOf(manifests);
      const used = containersOf(spec).flatMap(({ volumeMounts = [] }) => volumeMounts.map((mount) => mount.name));
      assert.deepEqual([...new Set(used)].toSorted(), (spec.volumes ?? []).map((volume) => volume.name).toSorted());
    });
  });
}

describe("the pod", () => {
  const socket = "/var/lib/kubelet/plugins/csi.nvmetcp.dev -> /csi ro";
  const token = "token -> /var/run/secrets/kubernetes.io/serviceaccount ro";

  it("sees exactly the documented directories of the node", async () => {
    assert.deepEqual(mountsOf(pod, "kernel-modules"), [
      "/sys -> /sys ro HostToContainer",
      "/lib/modules -> /lib/modules ro",
    ]);
    assert.deepEqual(mountsOf(pod, "driver"), [
      "/var/lib/kubelet -> /var/lib/kubelet rw Bidirectional",
      "/dev -> /dev rw",
      "/sys -> /sys rw HostToContainer",
      "/var/lib/nvmetcp-csi/state -> /var/lib/nvmetcp-csi/state rw",
      "/var/lib/nvmetcp-csi/pool -> /var/lib/nvmetcp-csi/pool rw",
      "emptyDir -> /run rw",
      "emptyDir -> /tmp rw",
      token,
    ]);
    for (const sidecar of ["provisioner", "attacher", "resizer"])
      assert.deepEqual(mountsOf(pod, sidecar), [socket, token]);
    const more = podOf(await render("snapshots", signal, optionalSidecars));
    assert.deepEqual(mountsOf(more, "snapshotter"), [socket, token]);
    assert.deepEqual(mountsOf(more, "liveness-probe"), [socket]);
    assert.deepEqual(mountsOf(more, "registrar"), [socket, "/var/lib/kubelet/plugins_registry -> /registration rw"]);
  });

  it("is never two at a time, and is replaced even when it was never ready", () => {
    const { replicas, podManagementPolicy, selector, template } = statefulSetOf(defaults).spec ?? assert.fail();
    assert.deepEqual([replicas, podManagementPolicy], [1, "Parallel"]);
    for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
      assert.equal(template.metadata?.labels?.[key], value);
    }
  });

  it("does not make a pool that is not there", () => {
    const type = (name: string) => pod.volumes?.find((volume) => volume.name === name)?.hostPath?.type;
    assert.deepEqual([type("pool"), type("state")], ["Directory", "DirectoryOrCreate"]);
  });

  it("starts the driver with the values", async () => {
    const given = await render(undefined, signal, {
      clusterId: "lab",
      kubeletRoot: "/k",
      stateDir: "/s",
      pool: { path: "/p" },
      portals: ["192.0.2.1:4420", "[2001:db8::1]:4421"],
      logLevel: "debug",
      healthPort: 2000,
    });
    assert.deepEqual(args("driver", podOf(given)), [
      "all-in-one",
      "--kubernetes=true",
      "--cluster-id=lab",
      "--node-name=$(NODE_NAME)",
      "--csi-endpoint=unix:///k/plugins/csi.nvmetcp.dev/csi.sock",
      "--registration-dir=/k/plugins_registry",
      "--health-endpoint=127.0.0.1:2000",
      "--state-dir=/s",
      "--pool=/p",
      "--portals=192.0.2.1:4420,[2001:db8::1]:4421",
      "--log-level=debug",
    ]);
    assert.ok(args("attacher", podOf(given)).includes("--v=5"));
  });

  it("leaves registration and health to the official sidecars where they are wanted", async () => {
    const more = podOf(await render(undefined, signal, optionalSidecars));
    assert.ok(!args("driver", more).some((word) => /^--(registration-dir|health-endpoint)/.test(word)));
    assert.ok(args("liveness-probe", more).includes("--http-endpoint=127.0.0.1:19808"));
    assert.ok(
      args("registrar", more).includes("--kubelet-registration-path=/var/lib/kubelet/plugins/csi.nvmetcp.dev/csi.sock"),
    );
    const { livenessProbe, readinessProbe } = containerOf(more, "driver");
    for (const probe of [livenessProbe, readinessProbe]) assert.equal(probe?.httpGet?.path, "/healthz");
  });

  it("has a snapshotter where VolumeSnapshots are wanted, which leaves groups of them alone", async () => {
    assert.ok(!pod.containers.some(({ name }) => name === "snapshotter"));
    const more = podOf(await render("snapshots", signal, { "sidecars.snapshotter.resources": { limits: { cpu: 1 } } }));
    assert.deepEqual(args("snapshotter", more), [
      "--csi-address=/csi/csi.sock",
      "--v=2",
      "--leader-election=false",
      "--timeout=60s",
      "--retry-interval-max=1m",
      "--resync-period=1m",
      "--extra-create-metadata",
      "--feature-gates=CSIVolumeGroupSnapshot=false",
    ]);
    const { image, resources } = containerOf(more, "snapshotter");
    assert.equal(image, "registry.k8s.io/sig-storage/csi-snapshotter:v8.7.0");
    assert.deepEqual(resources?.limits, { cpu: 1 });
  });

  it("is probed where the driver answers: alive and ready are two questions", () => {
    const { livenessProbe, readinessProbe, startupProbe } = containerOf(pod, "driver");
    const urls = [startupProbe, livenessProbe, readinessProbe].map((probe) => {
      const { host, port, path } = probe?.httpGet ?? {};
      return [host, port, path].join(" ");
    });
    assert.deepEqual(urls, ["127.0.0.1 19808 /healthz", "127.0.0.1 19808 /healthz", "127.0.0.1 19808 /readyz"]);
  });

  it("takes image, pull policy and pull secrets from the values", async () => {
    const given = podOf(
      await render(undefined, signal, {
        "image.repository": "example.com/csi",
        "image.tag": "9",
        "image.pullPolicy": "Never",
        imagePullSecrets: [{ name: "mine" }],
      }),
    );
    for (const name of ["driver", "kernel-modules"]) {
      const { image, imagePullPolicy } = containerOf(given, name);
      assert.deepEqual([image, imagePullPolicy], ["example.com/csi:9", "Never"]);
    }
    assert.deepEqual(given.imagePullSecrets, [{ name: "mine" }]);
  });
});

describe("the objects of the cluster", () => {
  it("are a CSIDriver with attach, fsGroup by file and capacity", () => {
    const { spec } = defaults.find((one): one is Manifest & V1CSIDriver => one.kind === "CSIDriver") ?? assert.fail();
    assert.deepEqual(spec, {
      attachRequired: true,
      podInfoOnMount: false,
      fsGroupPolicy: "File",
      storageCapacity: true,
      volumeLifecycleModes: ["Persistent"],
    });
  });

  it("are two classes, one that deletes and one that keeps, neither the cluster's default", () => {
    const classes = defaults.filter((one): one is Manifest & V1StorageClass => one.kind === "StorageClass");
    const words = classes.map(({ metadata, ...one }) => [
      metadata.name,
      one.provisioner,
      one.reclaimPolicy,
      one.volumeBindingMode,
      one.allowVolumeExpansion,
      metadata.annotations?.["storageclass.kubernetes.io/is-default-class"],
    ]);
    assert.deepEqual(words, [
      ["nvmetcp", "csi.nvmetcp.dev", "Delete", "Immediate", true, "false"],
      ["nvmetcp-retain", "csi.nvmetcp.dev", "Retain", "Immediate", true, "false"],
    ]);
  });

  it("have in each class the file system, mount options and parameters that were chosen, as texts", async () => {
    const given = await render(undefined, signal, {
      "storageClasses.delete.fsType": "xfs",
      "storageClasses.delete.mountOptions": ["discard"],
      "storageClasses.delete.parameters": { "ext4.bytesPerInode": "4194304", "xfs.maxInodePercent": "5" },
    });
    const classes = given.filter((one): one is Manifest & V1StorageClass => one.kind === "StorageClass");
    const words = classes.map(({ parameters, mountOptions }) => [parameters, mountOptions]);
    const chosen = { "ext4.bytesPerInode": "4194304", "xfs.maxInodePercent": "5" };
    assert.deepEqual(words, [
      [{ "csi.storage.k8s.io/fstype": "xfs", ...chosen }, ["discard"]],
      [{ "csi.storage.k8s.io/fstype": "ext4" }, undefined],
    ]);
    const parameters = classes.map((one) => decode("CreateVolume", z.object({ parameters: own }), one).parameters);
    assert.deepEqual(
      parameters.map(({ mkfs }) => mkfs.xfs.maxInodePercent),
      [5, defaultMkfsOptions.xfs.maxInodePercent],
    );
  });

  it("leave out a class that is not wanted", async () => {
    const set = { "storageClasses.retain.create": false, "snapshots.classes.delete.create": false };
    const given = await render("snapshots", signal, set);
    const classes = given.filter(({ kind }) => kind.endsWith("Class"));
    assert.deepEqual(
      classes.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
      ["StorageClass nvmetcp", "VolumeSnapshotClass nvmetcp-retain"],
    );
  });

  it("are two classes of snapshots where they are wanted, of which the one that deletes is the driver's default", async () => {
    assert.ok(!defaults.some(({ kind }) => kind === "VolumeSnapshotClass"));
    const classes = (await render("snapshots", signal)).filter(({ kind }) => kind === "VolumeSnapshotClass");
    const isDefault = "snapshot.storage.kubernetes.io/is-default-class";
    const words = classes.map(({ metadata, ...one }) => [one, metadata.name, metadata.annotations?.[isDefault]]);
    const common = { apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshotClass", driver: "csi.nvmetcp.dev" };
    assert.deepEqual(words, [
      [{ ...common, deletionPolicy: "Delete" }, "nvmetcp", "true"],
      [{ ...common, deletionPolicy: "Retain" }, "nvmetcp-retain", "false"],
    ]);
  });

  it("keep a note of where the data is when the release is uninstalled", () => {
    const kept = defaults.filter(({ metadata }) => metadata.annotations?.["helm.sh/resource-policy"] === "keep");
    assert.deepEqual(
      kept.map(({ metadata }) => metadata.name),
      ["nvmetcp-csi-data-is-kept"],
    );
    assert.match(JSON.stringify(kept), /"pool":"\/var\/lib\/nvmetcp-csi\/pool"/);
  });
});

describe("the comparison with the API's types", () => {
  it("sees a field that does not exist and a value of the wrong kind", () => {
    const metadata = { name: "x" };
    const wrong = { apiVersion: "storage.k8s.io/v1", kind: "CSIDriver", metadata, spec: { attachRequire: true } };
    assert.deepEqual(shapeFaults(wrong), ["CSIDriver.spec.attachRequire is not in the API"]);
    const spec = { attachRequired: "true", volumeLifecycleModes: "Persistent" };
    assert.deepEqual(shapeFaults({ ...wrong, spec } as Manifest), [
      "CSIDriver.spec.attachRequired must be a boolean",
      "CSIDriver.spec.volumeLifecycleModes must be a list",
    ]);
    const custom = {
      apiVersion: "snapshot.storage.k8s.io/v1",
      kind: "VolumeSnapshotClass",
      metadata,
      driver: 1,
      spec: {},
    };
    assert.deepEqual(shapeFaults(custom), [
      "VolumeSnapshotClass.driver must be a string",
      "VolumeSnapshotClass.spec is not in the API",
    ]);
  });
});
