/** docs/storage-class.md says what the driver takes, and its examples, like README.md's, are classes that it takes. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { V1StorageClass } from "@kubernetes/client-node";
import * as z from "zod";
import { parameters } from "../../src/csi/class-parameters.ts";
import { capability, decode } from "../../src/csi/decode.ts";
import { classParameters } from "../../src/domain/class-parameters.ts";
import { _csi_v1_VolumeCapability_AccessMode_Mode as accessModes } from "../../src/gen/csi/v1/VolumeCapability.ts";
import { driverName } from "../../src/domain/identity.ts";
import { filesystemTypes } from "../../src/domain/model.ts";
import { mountOptionNames } from "../../src/domain/mount-options.ts";
import { rowsUnder } from "../support/markdown-tables.ts";
import { yamlBlocks } from "../support/yaml-blocks.ts";

const root = path.join(import.meta.dirname, "../..");
const page = await readFile(path.join(root, "docs/storage-class.md"), "utf8");
const readme = await readFile(path.join(root, "README.md"), "utf8");

interface StorageClass {
  readonly kind: string;
  readonly provisioner: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly mountOptions?: readonly string[];
}

/** The classes in a page's examples. */
function classesIn(text: string): readonly StorageClass[] {
  return yamlBlocks(text)
    .map((one) => one as StorageClass)
    .filter(({ kind }) => kind === "StorageClass");
}

/** The file system of a class that the driver takes; what it does not take throws. */
function typeOf(one: StorageClass): string {
  decode("CreateVolume", z.object({ parameters }), one);
  const fs_type = one.parameters["csi.storage.k8s.io/fstype"] ?? "";
  const mount = { fs_type, mount_flags: one.mountOptions ?? [], volume_mount_group: "" };
  const access_mode = { mode: "SINGLE_NODE_WRITER" };
  const { usage } = capability.parse({ access_type: "mount", mount, access_mode });
  return usage.kind === "filesystem" ? usage.type : usage.kind;
}

const plain = (text: string) => text.replaceAll("`", "");

describe("docs/storage-class.md", () => {
  it("has every parameter with what it may be, its default and its meaning", () => {
    const expected = classParameters.map((one) => [one.name, one.allowed, one.fallback, plain(one.description)]);
    assert.deepEqual(rowsUnder(page, "parameter"), expected);
  });

  it("has every file system, and the default one", () => {
    const rows = rowsUnder(page, "file system").map(([type, isDefault]) => [type, isDefault]);
    const fallback = typeOf({ kind: "StorageClass", provisioner: driverName, parameters: {} });
    assert.deepEqual(
      rows,
      filesystemTypes.map((type) => [type, type === fallback ? "yes" : ""]),
    );
  });

  it("has every access mode, and says of each whether it is served, mounted and as raw block", () => {
    const mount = { fs_type: "ext4", mount_flags: [], volume_mount_group: "" };
    const isServed = (mode: string, access: object) => {
      const served = capability.safeParse({ ...access, access_mode: { mode } }).success;
      return served ? "yes" : "no";
    };
    const rows = rowsUnder(page, "claim").flatMap(([, modes = "", mounted, raw]) =>
      modes.split(", ").map((mode) => [mode, mounted, raw]),
    );
    const modes = Object.keys(accessModes).filter((mode) => mode !== "UNKNOWN");
    const expected = modes.map((mode) => [mode, isServed(mode, { mount }), isServed(mode, { block: {} })]);
    assert.deepEqual(rows.toSorted(), expected.toSorted());
  });

  it("has every mount option of each file system", () => {
    const [[, common = ""] = [], ...own] = rowsUnder(page, "for");
    assert.deepEqual(
      own.map(([type, options = ""]) => [type, `${common}, ${options}`.split(", ").toSorted()]),
      filesystemTypes.map((type) => [type, mountOptionNames(type)]),
    );
  });

  it("has every field of a class that has no part of its own", () => {
    const all = V1StorageClass.getAttributeTypeMap().map(({ baseName }) => baseName);
    const ofParts = ["apiVersion", "kind", "metadata", "provisioner", "parameters", "mountOptions"];
    const fields = rowsUnder(page, "field").map(([field]) => field);
    assert.deepEqual(
      fields.filter((field) => field !== "secrets").toSorted(),
      all.filter((field) => !ofParts.includes(field)).toSorted(),
    );
  });

  it("has one example for each file system, which the driver takes", () => {
    const classes = classesIn(page);
    assert.deepEqual(classes.map(typeOf), filesystemTypes);
    for (const one of [...classes, ...classesIn(readme)]) assert.equal(one.provisioner, driverName);
  });

  it("is linked from README.md, whose own example the driver takes", () => {
    assert.match(readme, /\]\(docs\/storage-class\.md\)/);
    assert.deepEqual(classesIn(readme).map(typeOf), ["ext4"]);
  });
});
