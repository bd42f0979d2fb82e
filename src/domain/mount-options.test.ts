import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DomainError } from "./errors.ts";
import { mountOptionNames, parseMountOptions } from "./mount-options.ts";

describe("mount options", () => {
  it("may be those that change how a file system is used", () => {
    assert.deepEqual(parseMountOptions([]), []);
    assert.deepEqual(parseMountOptions(["noatime", "discard"]), ["noatime", "discard"]);
    assert.deepEqual(parseMountOptions(["noatime,nodev", "commit=30"]), ["noatime", "nodev", "commit=30"]);
    assert.deepEqual(parseMountOptions(["noatime", "noatime"]), ["noatime"]);
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
        () => parseMountOptions(["noatime", option]),
        (error: unknown) =>
          error instanceof DomainError && error.kind === "invalid_argument" && error.message.includes("mount_flags"),
      );
    });
  }

  it("are all named in a refusal", () => {
    for (const name of ["noatime", "discard", "commit=N"]) assert.ok(mountOptionNames.includes(name));
    for (const name of mountOptionNames) parseMountOptions([name.replace("=N", "=1")]);
    for (const numbered of ["inode_readahead_blks", "max_batch_time", "min_batch_time"]) {
      assert.deepEqual(parseMountOptions([`${numbered}=8`]), [`${numbered}=8`]);
      assert.ok(
        mountOptionNames.some((name) => name.startsWith(numbered)),
        `${numbered} is accepted, so a refusal names it`,
      );
    }
  });
});
