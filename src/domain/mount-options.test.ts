import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DomainError } from "./errors.ts";
import { filesystemTypes } from "./model.ts";
import { mountOptionNames, parseMountOptions } from "./mount-options.ts";

describe("mount options", () => {
  it("may be those that change how a file system is used", () => {
    assert.deepEqual(parseMountOptions("ext4", []), []);
    assert.deepEqual(parseMountOptions("ext4", ["noatime", "discard"]), ["noatime", "discard"]);
    assert.deepEqual(parseMountOptions("ext4", ["noatime,nodev", "commit=30"]), ["noatime", "nodev", "commit=30"]);
    assert.deepEqual(parseMountOptions("ext4", ["noatime", "noatime"]), ["noatime"]);
  });

  const bad = [
    "",
    "ro",
    "bind",
    "rbind",
    "move",
    "remount",
    "loop",
    "loop=/dev/loop0",
    "offset=1",
    "suid",
    "dev",
    "noload",
    "norecovery",
    "errors=continue",
    "errors=panic",
    "data=writeback",
    "journal_dev=0x1",
    "journal_path=/dev/sda",
    "context=system_u:object_r:x",
    "uid=0",
    "x-mount.mkdir",
    "helper=x",
    "commit",
    "commit=",
    "commit=-1",
    "commit=1;reboot",
    "commit=12345678",
    "noatime\n",
    " noatime",
    "NOATIME",
    "noatime,bind",
    "--bind",
    "-o",
    "shared",
    "nobarrier",
    "barrier=0",
  ];
  for (const option of bad) {
    it(`may not be ${JSON.stringify(option)}`, () => {
      assert.throws(
        () => parseMountOptions("ext4", ["noatime", option]),
        (error: unknown) =>
          error instanceof DomainError && error.kind === "invalid_argument" && error.message.includes("mount_flags"),
      );
    });
  }

  for (const type of filesystemTypes) {
    it(`are all named in a refusal: ${type}`, () => {
      for (const name of ["noatime", "discard"]) assert.ok(mountOptionNames(type).includes(name));
      for (const name of mountOptionNames(type)) parseMountOptions(type, [name.replace("=N", "=1")]);
    });
  }

  it("are those of their own file system", () => {
    for (const [type, option] of [
      ["ext4", "compress=zstd"],
      ["xfs", "errors=remount-ro"],
      ["xfs", "nouuid"],
      ["xfs", "commit=5"],
      ["btrfs", "data=ordered"],
      ["btrfs", "subvol=/x"],
      ["btrfs", "device=/dev/sda"],
      ["btrfs", "degraded"],
      ["btrfs", "commit=N"],
    ] as const) {
      assert.throws(() => parseMountOptions(type, [option]), { kind: "invalid_argument" }, `${type} ${option}`);
    }
  });
});
