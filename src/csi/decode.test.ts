import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import {
  absolutePath,
  capabilities,
  capability,
  capacityRange,
  decode,
  required,
  requiredCapacityRange,
  stringMap,
} from "./decode.ts";

const writer = { mode: "SINGLE_NODE_WRITER" };
const mount = { fs_type: "", mount_flags: [], volume_mount_group: "" };
const good = { access_type: "mount", mount, access_mode: writer };

const decodeOne = (value: unknown) => decode("Test", z.object({ it: capability }), { it: value }).it;
const refusal = (message: RegExp) => ({ kind: "invalid_argument", message });

describe("a wrong request", () => {
  it("is refused with method, field, rule and value", () => {
    const schema = z.object({ volume_id: required, staging_target_path: absolutePath });
    const whole = { volume_id: "v", staging_target_path: "/s" };
    assert.deepEqual(decode("NodeStageVolume", schema, whole), whole);
    assert.throws(
      () => decode("NodeStageVolume", schema, { ...whole, volume_id: "" }),
      refusal(/^cannot serve NodeStageVolume: volume_id must not be empty; got ""$/),
    );
    assert.throws(
      () => decode("NodeStageVolume", schema, { ...whole, staging_target_path: "/a/../b" }),
      refusal(/^cannot serve NodeStageVolume: staging_target_path must be a normalized path; got "\/a\/\.\.\/b"$/),
    );
    assert.throws(
      () => decode("X", schema, { ...whole, volume_id: "a\0b" }),
      refusal(/volume_id .*control characters/),
    );
  });

  for (const path of ["", "a", "./a", "/", "//", "/a/", "/a//b", "/a/./b", "/../a", "/a\u0007"]) {
    it(`has no path ${JSON.stringify(path)}`, () => {
      assert.throws(() => decode("X", z.object({ p: absolutePath }), { p: path }), refusal(/: p must /));
    });
  }
});

describe("the value in a refusal", () => {
  const messageOf = (schema: z.ZodType, request: object): string => {
    try {
      decode("X", schema, request);
    } catch (error) {
      assert.ok(error instanceof Error);
      return error.message;
    }
    return assert.fail("not refused");
  };
  const anything = z.unknown().refine(() => false, "is wrong");

  it("is there whatever is wrong, and at most 200 characters long", () => {
    const cases: readonly (readonly [z.ZodType, object, string])[] = [
      [z.object({ size: z.literal(1n) }), { size: 7n }, "; got 7"],
      [
        z.object({ flag: z.boolean() }),
        { flag: "yes" },
        'flag Invalid input: expected boolean, received string; got "yes"',
      ],
      [z.object({ it: anything }), { it: ["a", 1] }, 'it is wrong; got ["a",1]'],
      [z.object({ it: anything }), {}, "it is wrong; got null"],
      [anything, { id: "v" }, 'the request is wrong; got {"id":"v"}'],
    ];
    for (const [schema, request, end] of cases) {
      const message = messageOf(schema, request);
      assert.ok(message.endsWith(end), message);
    }
    const long = messageOf(z.object({ it: anything }), { it: "x".repeat(5000) });
    assert.match(long, /; got "x{199}… \(5002 characters\)$/);
  });

  it("does not let the key of a map through at any length, or with control characters", () => {
    const key = `\u0007${"k".repeat(4000)}`;
    const parameters = stringMap.superRefine((_map, context) => {
      context.addIssue({ code: "custom", message: "is unknown", path: [key] });
    });
    const message = messageOf(z.object({ parameters }), { parameters: { [key]: "x" } });
    assert.ok(message.length < 500 && message.includes('parameters."\\u0007kk'), message);
  });

  it("never has a secret in it, be it asked for or beside the mistake", () => {
    const request = {
      secrets: { password: "hidden" },
      list: [{ secrets: { hidden: "x" } }],
      mount: { fs_type: "ext4", mount_flags: ["hidden"] },
    };
    const schemas = [
      anything,
      z.object({ list: anything }),
      z.object({ mount: anything }),
      z.object({ secrets: anything }),
      z.object({ secrets: z.object({ password: anything }) }),
      z.object({ mount: z.object({ mount_flags: z.array(anything) }) }),
    ];
    for (const schema of schemas) {
      // What is no secret shows that the value was looked at.
      const shown = messageOf(schema, request);
      assert.ok(!shown.includes("hidden") && shown.includes("***stripped***"), shown);
    }
    assert.match(messageOf(z.object({ mount: anything }), request), /"fs_type":"ext4"/);
  });
});

describe("a volume capability", () => {
  it("is a file system of the default type, one of a named type, or a raw block device", () => {
    const usageOf = (wire: unknown) => decodeOne(wire).usage;
    assert.deepEqual(usageOf(good), { kind: "filesystem", type: "ext4", options: [] });
    const named = { ...good, mount: { ...mount, fs_type: "ext4", mount_flags: ["noatime"] } };
    assert.deepEqual(usageOf(named), { kind: "filesystem", type: "ext4", options: ["noatime"] });
    assert.deepEqual(usageOf({ access_type: "block", block: {}, access_mode: writer }), { kind: "block" });
  });

  it("says whether somebody writes, and whether one pod alone may use it", () => {
    const rights = (mode: string) => {
      const { access, isForOnePod, sharing = "alone" } = decodeOne({ ...good, access_mode: { mode } });
      return [access, isForOnePod, sharing];
    };
    assert.deepEqual(rights("SINGLE_NODE_WRITER"), ["read-write", false, "alone"]);
    assert.deepEqual(rights("SINGLE_NODE_SINGLE_WRITER"), ["read-write", true, "alone"]);
    assert.deepEqual(rights("SINGLE_NODE_MULTI_WRITER"), ["read-write", false, "alone"]);
    assert.deepEqual(rights("SINGLE_NODE_READER_ONLY"), ["read-only", false, "alone"]);
    assert.deepEqual(rights("MULTI_NODE_READER_ONLY"), ["read-only", false, "readers"]);
  });

  it("lets several nodes write a raw block device, and no file system", () => {
    const access_mode = { mode: "MULTI_NODE_MULTI_WRITER" };
    const { access, sharing } = decodeOne({ access_type: "block", block: {}, access_mode });
    assert.deepEqual([access, sharing], ["read-write", "writers"]);
    assert.throws(
      () => decodeOne({ ...good, access_mode }),
      refusal(
        /it\.access_mode\.mode must not let several .*raw block.*ReadOnlyMany.*file server.*"MULTI_NODE_MULTI_WRITER"$/,
      ),
    );
  });

  const bad: readonly (readonly [string, unknown, RegExp])[] = [
    ["no access mode", { ...good, access_mode: null }, /it\.access_mode must be set/],
    ["an access mode of 0", { ...good, access_mode: { mode: "UNKNOWN" } }, /access_mode\.mode must be SINGLE_NODE/],
    ["an unknown access mode", { ...good, access_mode: { mode: 99 } }, /access_mode\.mode must be/],
    ["one of many writers", { ...good, access_mode: { mode: "MULTI_NODE_SINGLE_WRITER" } }, /must be SINGLE_NODE_W/],
    ["neither mount nor block", { access_mode: writer }, /it must have mount or block set/],
    ["both mount and block", { ...good, block: {} }, /it must be either mount or block/],
    ["another file system", { ...good, mount: { ...mount, fs_type: "ntfs" } }, /mount\.fs_type must be ext4.*"ntfs"/],
    ["a group", { ...good, mount: { ...mount, volume_mount_group: "1000" } }, /volume_mount_group must be empty/],
    ["a dangerous flag", { ...good, mount: { ...mount, mount_flags: ["bind"] } }, /mount_flags/],
  ];
  for (const [what, value, message] of bad) {
    it(`is refused with ${what}`, () => {
      assert.throws(() => decodeOne(value), refusal(message));
    });
  }

  it("names its place in a list", () => {
    const request = { volume_capabilities: [good, { ...good, access_mode: null }] };
    const schema = z.object({ volume_capabilities: capabilities });
    assert.throws(() => decode("X", schema, request), refusal(/volume_capabilities\.1\.access_mode/));
    assert.throws(() => decode("X", schema, { volume_capabilities: [] }), refusal(/volume_capabilities must/));
  });
});

describe("a capacity range", () => {
  const read = (value: unknown) => decode("X", z.object({ capacity_range: capacityRange }), { capacity_range: value });
  it("is exact beyond 2^53, and empty when it is not given", () => {
    const beyond = { required_bytes: "9007199254740993", limit_bytes: "0" };
    assert.deepEqual(read(beyond).capacity_range, { required: 9_007_199_254_740_993n, limit: 0n });
    assert.deepEqual(read(null).capacity_range, { required: 0n, limit: 0n });
  });

  it("is refused where it must be given and is not, and may be empty", () => {
    const schema = z.object({ capacity_range: requiredCapacityRange });
    const message = /^cannot serve X: capacity_range must be set; got null$/;
    assert.throws(() => decode("X", schema, { capacity_range: null }), refusal(message));
    const empty = { required_bytes: "0", limit_bytes: "0" };
    assert.deepEqual(decode("X", schema, { capacity_range: empty }).capacity_range, { required: 0n, limit: 0n });
  });
});
