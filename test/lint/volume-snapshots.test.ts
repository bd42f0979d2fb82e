/** docs/volume-snapshots.md: its versions, its classes and its examples are those of the chart, the test bed and the driver. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { load } from "js-yaml";
import { driverName } from "../../src/domain/identity.ts";
import { snapshotController } from "../cluster/go-program-groups.ts";
import { groupGate } from "../cluster/snapshot-controller.ts";
import { rowsUnder } from "../support/markdown-tables.ts";
import { memberColumns } from "../support/snapshots.ts";
import { yamlBlocks } from "../support/yaml-blocks.ts";

const root = path.join(import.meta.dirname, "../..");
const page = await readFile(path.join(root, "docs/volume-snapshots.md"), "utf8");

interface SnapshotClass {
  readonly name: string;
  readonly isDefault: boolean;
}
interface SnapshotClasses {
  readonly delete: SnapshotClass;
  readonly retain: SnapshotClass;
}
interface Values {
  readonly sidecars: { readonly snapshotter: { readonly image: { readonly tag: string } } };
  readonly snapshots: { readonly classes: SnapshotClasses; readonly groups: { readonly classes: SnapshotClasses } };
}
const values = load(await readFile(path.join(root, "charts/nvmetcp-csi/values.yaml"), "utf8")) as Values;

interface Example {
  readonly kind: string;
  readonly driver?: string;
  readonly spec?: { readonly driver?: string };
}
const examples = yamlBlocks(page).map((one) => one as Example);

describe("docs/volume-snapshots.md", () => {
  it("installs the release of external-snapshotter that the chart uses and the test bed tries", () => {
    const { version } = snapshotController;
    assert.deepEqual(
      [...page.matchAll(/\?ref=(v[\d.]+)/g)].map(([, ref]) => ref),
      [version, version],
    );
    assert.equal(values.sidecars.snapshotter.image.tag, version);
  });

  it("has the chart's classes with their policy and their default", () => {
    const { delete: deleting, retain } = values.snapshots.classes;
    const row = ({ name, isDefault }: SnapshotClass, policy: string) => [name, policy, isDefault ? "yes" : ""];
    assert.deepEqual(
      rowsUnder(page, "class").map((cells) => cells.slice(0, 3)),
      [row(deleting, "Delete"), row(retain, "Retain")],
    );
  });

  it("may say that the classes of groups are like those of snapshots", () => {
    assert.deepEqual(values.snapshots.groups.classes, values.snapshots.classes);
  });

  it("tells the snapshot-controller of groups as the test bed does", () => {
    assert.ok(page.includes(`"value": "${groupGate}"`));
  });

  it("looks up the members of a group as the scenarios do", () => {
    assert.ok(page.includes(`--output=custom-columns=${memberColumns}\n`));
  });

  it("has examples of this driver", () => {
    const kinds = examples.map(({ kind }) => kind);
    const foundAgain = ["VolumeSnapshotContent", "VolumeSnapshot"];
    const first = ["VolumeSnapshot", "PersistentVolumeClaim", "VolumeSnapshotClass"];
    assert.deepEqual(kinds, [...first, ...foundAgain, "VolumeGroupSnapshot"]);
    const drivers = examples.flatMap(({ driver, spec }) => driver ?? spec?.driver ?? []);
    assert.deepEqual(drivers, [driverName, driverName]);
  });
});
