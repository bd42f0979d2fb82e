/** Groups of snapshots in the chart: the classes, and the sidecar that is told of them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { containerOf, podOf } from "./pod.ts";
import { render, type Manifest } from "./render.ts";

const signal = AbortSignal.timeout(30 * 60 * 1000);
const isDefault = "groupsnapshot.storage.kubernetes.io/is-default-class";

async function groupClasses(values: string, set?: Readonly<Record<string, unknown>>): Promise<readonly Manifest[]> {
  return (await render(values, signal, set)).filter(({ kind }) => kind === "VolumeGroupSnapshotClass");
}

describe("groups of snapshots in the chart", () => {
  it("have two classes where they are wanted, of which the one that deletes is the driver's default", async () => {
    assert.deepEqual(await groupClasses("snapshots"), []);
    const classes = await groupClasses("group-snapshots", { "snapshots.groups.classes.retain.name": "kept" });
    const words = classes.map(({ metadata, ...one }) => [one, metadata.name, metadata.annotations?.[isDefault]]);
    const kind = "VolumeGroupSnapshotClass";
    const common = { apiVersion: "groupsnapshot.storage.k8s.io/v1", kind, driver: "csi.nvmetcp.dev" };
    assert.deepEqual(words, [
      [{ ...common, deletionPolicy: "Delete" }, "nvmetcp", "true"],
      [{ ...common, deletionPolicy: "Retain" }, "kept", "false"],
    ]);
  });

  it("have no class that is not wanted", async () => {
    const classes = await groupClasses("group-snapshots", { "snapshots.groups.classes.delete.create": false });
    assert.deepEqual(
      classes.map(({ metadata }) => metadata.name),
      ["nvmetcp-retain"],
    );
  });

  it("are the snapshotter's business only where they are wanted", async () => {
    for (const [values, wanted] of [
      ["snapshots", false],
      ["group-snapshots", true],
    ] as const) {
      const { args = [] } = containerOf(podOf(await render(values, signal)), "snapshotter");
      const gates = args.filter((word) => word.startsWith("--feature-gates"));
      assert.deepEqual(gates, [`--feature-gates=CSIVolumeGroupSnapshot=${wanted}`]);
    }
  });
});
